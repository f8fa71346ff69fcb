//! The welcome, one file for each language.
//!
//! Nepal's operators register the texts of a sender (Twilio's guideline for Nepal), so a change of wording must be
//! announced to them.

use std::sync::LazyLock;

use super::{Content, Language, Wording};

static WELCOME_NE: LazyLock<Wording> = LazyLock::new(|| wording(Language::Ne));
static WELCOME_EN: LazyLock<Wording> = LazyLock::new(|| wording(Language::En));

/// The welcome: one segment, discreet, with a link to stop. SMS in Nepal is one-way, so a user cannot answer STOP.
pub fn welcome(language: Language) -> &'static Wording {
    match language {
        Language::Ne => &WELCOME_NE,
        Language::En => &WELCOME_EN,
    }
}

/// Whether `body` is the text of the welcome in any language.
pub fn is_welcome(body: &str) -> bool {
    Language::ALL.into_iter().any(|language| text(language) == body)
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
    fn debug_shows_no_body() {
        assert_eq!(format!("{:?}", welcome(Language::En)), "Wording { language: En, .. }");
    }
}
