//! A message ready to be claimed and sent: its content, and what it costs.

use std::fmt;

use sha2::{Digest, Sha256};

use super::{
    Content, Language,
    segments::{self, Segments},
};

/// What one message says in one language.
pub struct Wording {
    language: Language,
    content: Content,
    sha256: [u8; 32],
    segments: Segments,
}

impl Wording {
    /// Counts the segments of `content`, and takes its digest.
    pub fn new(language: Language, content: Content) -> Self {
        let segments = segments::count(content.text().unwrap_or_default());
        Self { language, sha256: Sha256::digest(content.identity().as_bytes()).into(), segments, content }
    }

    /// Its language.
    pub fn language(&self) -> Language {
        self.language
    }

    /// What is sent.
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// SHA-256 of the UTF-8 text, or of the template with its values. It identifies what an attempt carried.
    pub fn sha256(&self) -> &[u8; 32] {
        &self.sha256
    }

    /// The segments that the text costs; none for a template.
    pub fn segments(&self) -> Segments {
        self.segments
    }
}

/// Does not show the content.
impl fmt::Debug for Wording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wording").field("language", &self.language).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_digest_of_a_text_is_that_of_its_body() {
        let wording = Wording::new(Language::En, Content::Text("hello".into()));
        let digest: [u8; 32] = Sha256::digest("hello").into();
        assert_eq!((wording.sha256(), wording.segments().segments), (&digest, 1));
    }

    #[test]
    fn a_template_is_told_apart_by_its_values_and_has_no_segments() {
        let filled = |value: &str| {
            let content_sid = "HX0123456789abcdef0123456789abcdef".parse().unwrap();
            let variables = BTreeMap::from([("1".to_owned(), value.to_owned())]);
            Wording::new(Language::Ne, Content::Template { content_sid, variables })
        };
        assert_eq!(filled("a").sha256(), filled("a").sha256());
        assert_ne!(filled("a").sha256(), filled("b").sha256());
        assert_eq!(filled("a").segments().segments, 0);
    }
}
