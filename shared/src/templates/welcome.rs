//! The welcome, one file for each language.
//!
//! Nepal's operators register the texts of a sender (Twilio's guideline for Nepal), so a change of wording must be
//! announced to them.

use std::sync::LazyLock;

use super::{Content, Language, Wording};
use crate::consent::StopCode;

/// As many characters the address of the stop page may have without its code: with more, the welcome is two segments.
pub const LONGEST_STOP_BASE: usize = 15;
/// Where the texts with an address have it.
const ADDRESS: &str = "{address}";

static WELCOME_NE: LazyLock<Wording> = LazyLock::new(|| wording(Language::Ne));
static WELCOME_EN: LazyLock<Wording> = LazyLock::new(|| wording(Language::En));

/// The welcome: one segment, discreet, with a link to stop. SMS in Nepal is one-way, so a user cannot answer STOP.
pub fn welcome(language: Language) -> &'static Wording {
    match language {
        Language::Ne => &WELCOME_NE,
        Language::En => &WELCOME_EN,
    }
}

/// The welcome with the address that stops messages to its number: the base without its scheme, and the code. It is one
/// segment if the base has at most [`LONGEST_STOP_BASE`] characters. Made for one message, so never keep it for others.
pub fn welcome_with_address(language: Language, address: &str) -> Wording {
    let text = text_with_address(language).replace(ADDRESS, address);
    Wording::new(language, Content::Text(text.into()))
}

/// Whether `body` is the text of the welcome in any language, with or without an address of its own number.
pub fn is_welcome(body: &str) -> bool {
    Language::ALL.into_iter().any(|language| text(language) == body || has_address(language, body))
}

/// Whether `body` is the welcome with the code of any number. The base may be that of another time.
fn has_address(language: Language, body: &str) -> bool {
    let Some((before, after)) = text_with_address(language).split_once(ADDRESS) else { return false };
    let address = body.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)).unwrap_or_default();
    let Some((base, code)) = address.split_at_checked(address.len().saturating_sub(StopCode::LENGTH)) else {
        return false;
    };
    let is_code = StopCode::parse(code).is_some_and(|read| read.as_str() == code);
    is_code
        && base.ends_with('/')
        && base.is_ascii()
        && base.len() <= LONGEST_STOP_BASE
        && !base.contains(' ')
}

fn wording(language: Language) -> Wording {
    Wording::new(language, Content::Text(text(language).into()))
}

fn text(language: Language) -> &'static str {
    let file = match language {
        Language::Ne => include_str!("welcome.ne.txt"),
        Language::En => include_str!("welcome.en.txt"),
    };
    file.trim_ascii_end()
}

fn text_with_address(language: Language) -> &'static str {
    let file = match language {
        Language::Ne => include_str!("welcome_link.ne.txt"),
        Language::En => include_str!("welcome_link.en.txt"),
    };
    file.trim_ascii_end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::templates::{discreetness, segments::Encoding};

    #[test]
    fn a_welcome_is_one_segment() {
        for language in Language::ALL {
            let message = welcome(language);
            assert_eq!(message.language(), language);
            assert_eq!(message.segments().segments, 1, "{language}: {:?}", message.segments());
        }
        assert_eq!(welcome(Language::Ne).segments().encoding, Encoding::Ucs2);
        assert_eq!(welcome(Language::En).segments().encoding, Encoding::Gsm7);
    }

    #[test]
    fn a_welcome_is_discreet_and_says_how_to_stop() {
        for language in Language::ALL {
            let body = text(language);
            assert_eq!(discreetness::lint(body), [], "{language}");
            assert!(body.contains("Aamcare") && body.ends_with("aamcare.np/s"), "{language}");
            assert!(!body.contains(char::is_control), "{language}");
        }
    }

    #[test]
    fn only_the_exact_text_is_a_welcome() {
        for language in Language::ALL {
            let body = text(language);
            assert!(is_welcome(body) && !is_welcome(&format!("{body} ")), "{language}");
        }
        assert!(!is_welcome("") && !is_welcome("Aamcare: your code is 123456"));
    }

    #[test]
    fn a_welcome_with_the_longest_base_is_one_segment() {
        let of = |language, base: usize| {
            welcome_with_address(language, &format!("{}/PCWDDR9B5", "a".repeat(base - 1))).segments()
        };
        for language in Language::ALL {
            assert_eq!(of(language, LONGEST_STOP_BASE).segments, 1, "{language}");
        }
        assert_eq!(of(Language::Ne, LONGEST_STOP_BASE).units, 70);
        assert_eq!(of(Language::Ne, LONGEST_STOP_BASE + 1).segments, 2);
        assert_eq!(of(Language::En, LONGEST_STOP_BASE).encoding, Encoding::Gsm7);
        assert_eq!(of(Language::Ne, "aamcare.np/s/".len()).units, 68);
    }

    #[test]
    fn a_welcome_with_an_address_is_discreet_and_ends_with_it() {
        for language in Language::ALL {
            let wording = welcome_with_address(language, "aamcare.np/s/PCWDDR9B5");
            let body = wording.content().text().unwrap();
            assert_eq!((wording.language(), discreetness::lint(body)), (language, vec![]));
            assert!(body.contains("Aamcare") && body.ends_with(" aamcare.np/s/PCWDDR9B5"), "{language}");
            assert!(!body.contains(['{', '}']) && !body.contains(char::is_control), "{language}");
        }
    }

    #[test]
    fn a_welcome_is_recognised_whatever_its_address() {
        for language in Language::ALL {
            let body = |address: &str| text_with_address(language).replace(ADDRESS, address);
            for address in ["aamcare.np/s/PCWDDR9B5", "a.np/000000000", "127.0.0.1:8080/PCWDDR9B5"] {
                assert!(is_welcome(&body(address)), "{language} {address}");
            }
            for address in [
                "",
                "aamcare.np/s",
                "aamcare.np/s/",
                "PCWDDR9B5",
                "aamcare.np/s/pcwddr9b5",
                "aamcare.np/s/PCWDDR9BU",
            ] {
                assert!(!has_address(language, &body(address)), "{language} {address}");
            }
            assert!(!is_welcome(&body("aamcare.np or x.org/PCWDDR9B5")), "{language}");
            assert!(!is_welcome(&format!("{}.", body("aamcare.np/s/PCWDDR9B5"))), "{language}");
        }
    }

    #[test]
    fn debug_shows_no_body() {
        assert_eq!(format!("{:?}", welcome(Language::En)), "Wording { language: En, .. }");
    }
}
