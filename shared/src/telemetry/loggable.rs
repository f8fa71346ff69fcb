//! Makes text from outside, such as an event's id, safe for log lines and spans.

use std::borrow::Cow;

use uuid::Uuid;

/// Longer ids are cut.
const LONGEST: usize = 64;
/// Longer sentences are cut.
const LONGEST_SENTENCE: usize = 256;
/// A number that begins before the cut ends at most this many characters after it.
const OVERLAP: usize = 64;
/// This many digits in a row may be a phone number, whatever separates them.
const PHONE_LIKE: usize = 8;

/// At most 64 printable characters of `text`, in which no run of digits can be a phone number: of eight or more, the
/// last two stay. UUIDs stay as they are.
pub fn loggable(text: &str) -> Cow<'_, str> {
    within(text, LONGEST)
}

/// As [`loggable`], of a sentence that may quote such a text: 256 characters.
pub fn loggable_sentence(text: &str) -> Cow<'_, str> {
    within(text, LONGEST_SENTENCE)
}

fn within(text: &str, longest: usize) -> Cow<'_, str> {
    if text.len() <= longest && (is_plain(text) || Uuid::try_parse(text).is_ok()) {
        return Cow::Borrowed(text);
    }
    let printable = text.chars().map(|c| if is_printable(c) { c } else { '\u{fffd}' });
    let mut shown: Vec<char> = printable.take(longest + OVERLAP).collect();
    mask(&mut shown);
    if shown.len() > longest {
        shown.truncate(longest);
        shown.push('…');
    }
    Cow::Owned(shown.into_iter().collect())
}

/// Nothing to mask or to replace: the usual case, found without a copy.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|b| b == b' ' || b.is_ascii_graphic())
        && text.bytes().filter(u8::is_ascii_digit).count() < PHONE_LIKE
}

fn is_printable(c: char) -> bool {
    // Marks that change the direction or the width of a line can make it read as another.
    let steers =
        matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    !c.is_control() && !steers
}

/// Masks each run of digits that is long enough; what stands between the digits of a number does not end its run.
fn mask(text: &mut [char]) {
    let mut run: Vec<usize> = Vec::new();
    for at in 0..=text.len() {
        match text.get(at) {
            Some(c) if c.is_numeric() => run.push(at),
            Some(c) if !c.is_alphabetic() => {}
            _ => {
                if run.len() >= PHONE_LIKE {
                    run.truncate(run.len() - 2);
                    for digit in &run {
                        text[*digit] = '•';
                    }
                }
                run.clear();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_ids_stay_as_they_are() {
        for id in ["1042", "user-77", "0196f3a2-1111-7222-8333-123456789012", "ev_9f3ab2", ""] {
            assert_eq!(loggable(id), id);
        }
    }

    #[test]
    fn what_may_be_a_phone_number_is_masked() {
        for (id, shown) in [
            ("9807969278", "••••••••78"),
            ("+977 980-796.9278", "+••• •••-•••.••78"),
            ("signup:9779807969278:1", "signup:••••••••••••8:1"),
            ("९८०७९६९२७८", "••••••••७८"),
        ] {
            assert_eq!(loggable(id), shown);
        }
        let uuid_and_more = "0196f3a2-1111-7222-8333-123456789012/9807969278";
        assert!(!loggable(uuid_and_more).contains("98079692"), "{}", loggable(uuid_and_more));
    }

    #[test]
    fn a_long_or_unprintable_text_is_cut_and_made_printable() {
        assert_eq!(loggable(&"न".repeat(500)), "न".repeat(64) + "…");
        assert_eq!(loggable("a\nb\u{1b}[31m\u{202e}c"), "a\u{fffd}b\u{fffd}[31m\u{fffd}c");
        let hidden = format!("{}9807969278", "x".repeat(60));
        assert_eq!(loggable(&hidden), format!("{}••••…", "x".repeat(60)));
    }
}
