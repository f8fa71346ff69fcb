//! The welcome, one file for each language.
//!
//! Nepal's operators register the texts of a sender (Twilio's guideline for Nepal), so a change of wording must be
//! announced to them.

use std::{fmt, sync::OnceLock};

use sha2::{Digest, Sha256};

use super::{
    Content, Language,
    segments::{self, Segments},
};

/// The text of a message in one language.
pub struct Wording {
    language: Language,
    file: &'static str,
    sha256: OnceLock<[u8; 32]>,
    segments: OnceLock<Segments>,
}

static WELCOME_NE: Wording = Wording::new(Language::Ne, include_str!("welcome.ne.txt"));
static WELCOME_EN: Wording = Wording::new(Language::En, include_str!("welcome.en.txt"));

/// The welcome: one segment, discreet, with a link to stop. SMS in Nepal is one-way, so a user cannot answer STOP.
pub fn welcome(language: Language) -> &'static Wording {
    match language {
        Language::Ne => &WELCOME_NE,
        Language::En => &WELCOME_EN,
    }
}

/// Whether `body` is the text of the welcome in any language.
pub fn is_welcome(body: &str) -> bool {
    Language::ALL.into_iter().any(|language| welcome(language).body() == body)
}

impl Wording {
    const fn new(language: Language, file: &'static str) -> Self {
        Self { language, file, sha256: OnceLock::new(), segments: OnceLock::new() }
    }

    /// Its language.
    pub fn language(&self) -> Language {
        self.language
    }

    /// The text as sent.
    pub fn body(&self) -> &'static str {
        self.file.trim_ascii_end()
    }

    /// The text as the content of a message.
    pub fn content(&self) -> Content {
        Content::Text(self.body().into())
    }

    /// SHA-256 of the UTF-8 body. It identifies the wording that an attempt carried.
    pub fn body_sha256(&self) -> &[u8; 32] {
        self.sha256.get_or_init(|| Sha256::digest(self.body()).into())
    }

    /// The segments that it costs.
    pub fn segments(&self) -> Segments {
        *self.segments.get_or_init(|| segments::count(self.body()))
    }
}

/// Does not show the body.
impl fmt::Debug for Wording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wording").field("language", &self.language).finish_non_exhaustive()
    }
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
            let body = welcome(language).body();
            assert_eq!(discreetness::lint(body), [], "{language}");
            assert!(body.contains("Aamcare") && body.ends_with("aamcare.np/s"), "{language}");
            assert!(!body.contains(char::is_control), "{language}");
        }
    }

    #[test]
    fn the_digest_is_of_the_body() {
        let message = welcome(Language::En);
        let digest: [u8; 32] = Sha256::digest(message.body().as_bytes()).into();
        assert_eq!(message.body_sha256(), &digest);
        assert_ne!(message.body_sha256(), welcome(Language::Ne).body_sha256());
    }

    #[test]
    fn only_the_exact_text_is_a_welcome() {
        for language in Language::ALL {
            let body = welcome(language).body();
            assert!(is_welcome(body) && !is_welcome(&format!("{body} ")), "{language}");
        }
        assert!(!is_welcome("") && !is_welcome("Aamcare: your code is 123456"));
    }

    #[test]
    fn debug_shows_no_body() {
        assert_eq!(format!("{:?}", welcome(Language::En)), "Wording { language: En, .. }");
    }
}
