//! Makes external text, such as the id of an event, safe for log lines and spans.

use std::borrow::Cow;

use uuid::Uuid;

/// Characters of an id.
const LONGEST: usize = 64;
/// Characters of a sentence.
const LONGEST_SENTENCE: usize = 256;
/// Characters after the cut that are checked too, so that a number across the cut is recognised.
const OVERLAP: usize = 64;
/// A run of this many digits may be a phone number, whatever separates them.
const PHONE_LIKE: usize = 8;

/// At most 64 printable characters of `text`. Of eight or more digits in a run, all but the last two are masked, because
/// they may be a phone number. UUIDs stay unchanged.
pub fn loggable(text: &str) -> Cow<'_, str> {
    within(text, LONGEST)
}

/// As [`loggable`], for a sentence that may quote such a text: at most 256 characters.
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

/// Whether the text needs no change. This is the usual case, and it is checked without a copy.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|b| b == b' ' || b.is_ascii_graphic())
        && text.bytes().filter(u8::is_ascii_digit).count() < PHONE_LIKE
}

fn is_printable(c: char) -> bool {
    // Marks that change the direction or the width of a line can disguise its text.
    let steers =
        matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    !c.is_control() && !steers
}

/// Masks each run of [`PHONE_LIKE`] or more digits. Only a letter ends a run.
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
    fn possible_phone_numbers_are_masked() {
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
