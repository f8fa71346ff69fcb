//! What an inbound message says, by word lists: a stop, a start, a question for help, a birth, a loss, a wrong number, a sign
//! of danger. The lists are in Nepali, romanised Nepali, Hindi and English.
//!
//! A message acts only if it says one thing as a whole. A stop word inside a sentence holds tips until the user or a person
//! of the staff decides: "रगत रोकिएन" means that bleeding did not stop. Signs of danger count anywhere in a message. The lists
//! are not a diagnosis: a message that they do not contain is [`Class::Other`], and a person reads it.
//!
//! The phrases are in `words.tsv`. The module is pure: it stores nothing and logs nothing.

mod class;
mod fold;
mod lists;
mod phrase;
mod understood;

pub use class::{Class, Silence, Urgency};
pub use fold::fold;
pub use lists::Edition;
pub use understood::Understood;

use lists::{Lists, Mention};
use understood::Content;

/// The longest body that is read, in characters. WhatsApp allows 4,096 and SMS 1,600 (Twilio's documentation of `Body`).
pub const MAX_CHARS: usize = 10_000;

/// Version and review of the word lists.
pub fn edition() -> Edition {
    Lists::get().edition
}

/// Understands a message by its body and, if a button was pressed, by the payload of the button.
///
/// The body of a pressed button is the label of the button. Only signs of danger in it count then. An unknown payload counts
/// as none. Characters after [`MAX_CHARS`] are not read, and such a body is not a whole phrase.
///
/// The time is linear in the length of the body.
pub fn understand(body: &str, payload: Option<&str>) -> Understood {
    let lists = Lists::get();
    let end = body.char_indices().nth(MAX_CHARS).map(|(end, _)| end);
    let folded = fold(end.and_then(|end| body.get(..end)).unwrap_or(body));
    let words: Vec<&str> = folded.split(' ').collect();
    let whole = || lists.whole(&words).filter(|_| end.is_none());
    let content = if let Some(said) = payload.and_then(|payload| lists.button(payload)) {
        Content::Pressed(said)
    } else if let Some(said) = whole() {
        Content::Whole(said)
    } else {
        Content::Longer {
            mentions_loss: lists.mentions(&words, Mention::Loss),
            mentions_stop: lists.mentions(&words, Mention::Stop),
        }
    };
    Understood { content, danger: lists.mentions(&words, Mention::Danger), edition: lists.edition }
}

#[cfg(test)]
mod tests;
