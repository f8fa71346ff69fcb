//! A few masked numbers that show the effect of normalising.

use producer::UserId;
use serde::Serialize;
use shared::phone::{E164, Rejection};

const OF_CHANGED: usize = 3;
const OF_UNUSABLE: usize = 6;
const LONGEST: usize = 24;

/// One user's number, masked.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Example {
    pub(crate) user_id: String,
    /// As typed, with letters and digits hidden except for the last two digits of a usable number.
    pub(crate) typed: String,
    /// The masked E.164 form, or the reason why there is none.
    pub(crate) read_as: String,
}

/// The first few of each kind.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub(crate) struct Examples {
    shown: Vec<Example>,
    #[serde(skip)]
    changed: usize,
    #[serde(skip)]
    reasons: Vec<Rejection>,
}

impl Examples {
    /// Keeps a number if it is one of the first that changed, or the first with its reason.
    pub(crate) fn offer(&mut self, user: &UserId, typed: &str, number: Result<E164, Rejection>) {
        let read_as = match number {
            Ok(number) if self.changed < OF_CHANGED && number.as_str() != typed => {
                self.changed += 1;
                number.masked()
            }
            Err(why) if self.reasons.len() < OF_UNUSABLE && !self.reasons.contains(&why) => {
                self.reasons.push(why);
                why.to_string()
            }
            _ => return,
        };
        let last_digits = if number.is_ok() { 2 } else { 0 };
        self.shown.push(Example { user_id: user.to_string(), typed: mask(typed, last_digits), read_as });
    }

    pub(crate) fn shown(&self) -> &[Example] {
        &self.shown
    }
}

/// Hides letters and digits except for the `last` digits, and characters that do not print.
fn mask(typed: &str, last: usize) -> String {
    let digits = typed.chars().filter(|c| c.is_numeric()).count();
    let mut seen = 0;
    let masked = typed.chars().take(LONGEST).map(|c| {
        if c.is_numeric() {
            seen += 1;
            if seen + last > digits { c } else { '•' }
        } else if c.is_alphanumeric() {
            '•'
        } else if c.is_ascii_graphic() || c == ' ' {
            c
        } else {
            '·'
        }
    });
    masked.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_leave_the_shape() {
        assert_eq!(mask("+977 980-7969278", 2), "+••• •••-•••••78");
        assert_eq!(mask("०९८०७९६९२७८", 2), "•••••••••७८");
        assert_eq!(mask("\u{200E}Maya 98\n", 0), "·•••• ••·");
        assert!(mask(&"9".repeat(300), 2).chars().all(|c| c == '•'));
    }

    #[test]
    fn only_the_first_of_a_kind_are_kept() {
        let mut examples = Examples::default();
        let user = UserId::parse("7").unwrap();
        let number: E164 = "+9779807969278".parse().unwrap();
        for _ in 0..10 {
            examples.offer(&user, "9807969278", Ok(number));
            examples.offer(&user, number.as_str(), Ok(number));
            examples.offer(&user, "9", Err(Rejection::TooShort));
        }
        assert_eq!(examples.shown().len(), OF_CHANGED + 1);
        assert!(examples.shown().iter().all(|e| !e.typed.contains("9807") && !e.read_as.contains("9807")));
    }
}
