//! Marks no eye sees: they come along when a number is copied from a contact list or a chat.

use std::borrow::Cow;

/// The text without invisible marks. A mark stands for no digit, so taking it away cannot make the
/// number another person's.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || !text.contains(is_invisible) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace(is_invisible, ""))
}

/// Bidirectional controls, zero-width characters, soft hyphen, byte order mark, variation selectors.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{FEFF}'
        | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{2069}'
        | '\u{FE00}'..='\u{FE0F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_go_and_the_rest_stays() {
        assert_eq!(visible("\u{200E}+977 980\u{200D}7969278\u{202C}"), "+977 9807969278");
        assert_eq!(visible("९८०-७९६\u{2013}९२७८"), "९८०-७९६\u{2013}९२७८");
    }

    #[test]
    fn plain_text_is_not_copied() {
        assert!(matches!(visible("980-7969278"), Cow::Borrowed(_)));
        assert!(matches!(visible("९८०७९६९२७८"), Cow::Borrowed(_)));
    }
}
