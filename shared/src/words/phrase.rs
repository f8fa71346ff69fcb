//! A phrase inside a longer text.

use super::fold;

/// The most words that may stand between two words of a phrase of the kind [`Kind::Near`].
const GAP: usize = 3;

/// How a phrase is searched. A phrase always begins where a word begins: "benefits" does not contain "fits", and प्रगति does
/// not contain रगत.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Whole words, one after the other.
    Words,
    /// As `Words`, and the last word may go on, as रगत does in रगतको.
    Stem,
    /// Each word may go on, and up to [`GAP`] other words are between two of them.
    Near,
}

impl Kind {
    pub(super) fn from_name(name: &str) -> Option<Self> {
        match name {
            "words" => Some(Self::Words),
            "stem" => Some(Self::Stem),
            "near" => Some(Self::Near),
            _ => None,
        }
    }
}

/// A folded phrase.
#[derive(Debug)]
pub(super) struct Phrase {
    kind: Kind,
    words: Vec<String>,
}

impl Phrase {
    pub(super) fn new(kind: Kind, phrase: &str) -> Self {
        Self { kind, words: fold(phrase).split(' ').map(str::to_owned).collect() }
    }

    /// Whether the words of a folded text contain the phrase.
    pub(super) fn is_in(&self, words: &[&str]) -> bool {
        (0..words.len()).any(|start| words.get(start..).is_some_and(|rest| self.begins(rest)))
    }

    /// Whether the phrase begins at the first of these words.
    fn begins(&self, mut words: &[&str]) -> bool {
        let last = self.words.len().saturating_sub(1);
        self.words.iter().enumerate().all(|(position, mine)| {
            let goes_on = self.kind == Kind::Near || (self.kind == Kind::Stem && position == last);
            let gap = if self.kind == Kind::Near && position > 0 { GAP } else { 0 };
            let fits = |word: &&str| if goes_on { word.starts_with(mine.as_str()) } else { *word == mine };
            let found = words.iter().take(gap + 1).position(fits);
            words = found.and_then(|at| words.get(at + 1..)).unwrap_or_default();
            found.is_some()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(kind: Kind, phrase: &str, text: &str) -> bool {
        let folded = fold(text);
        Phrase::new(kind, phrase).is_in(&folded.split(' ').collect::<Vec<_>>())
    }

    #[test]
    fn words_are_whole_words_in_order() {
        for text in ["fits", "I have fits now", "Fits!"] {
            assert!(contains(Kind::Words, "fits", text), "{text}");
        }
        for text in ["benefits", "fitsbury", "fit", ""] {
            assert!(!contains(Kind::Words, "fits", text), "{text}");
        }
        assert!(contains(Kind::Words, "not moving", "it is not moving today"));
        assert!(!contains(Kind::Words, "not moving", "not really moving"));
        assert!(!contains(Kind::Words, "not moving", "is it moving or not"));
    }

    #[test]
    fn a_stem_goes_on_but_begins_a_word() {
        assert!(contains(Kind::Stem, "रगत", "रगतको"));
        assert!(contains(Kind::Stem, "पानी फुट", "मेरो पानी फुट्यो"));
        assert!(!contains(Kind::Stem, "रगत", "प्रगति"));
        assert!(!contains(Kind::Stem, "पानी फुट", "पानीले फुट्यो"));
    }

    #[test]
    fn near_words_have_up_to_three_words_between_them() {
        assert!(contains(Kind::Near, "बच्चा चल्दैन", "बच्चा चल्दैन"));
        assert!(contains(Kind::Near, "बच्चा चल्दैन", "बच्चाहरू आज बिहान देखि चल्दैनन्"));
        assert!(!contains(Kind::Near, "बच्चा चल्दैन", "बच्चा आज बिहान देखि पनि चल्दैन"));
        assert!(!contains(Kind::Near, "बच्चा चल्दैन", "चल्दैन बच्चा"));
    }

    #[test]
    fn a_phrase_that_starts_twice_is_found_at_its_second_start() {
        assert!(contains(Kind::Words, "not moving", "not not moving"));
        assert!(contains(Kind::Near, "baby move", "baby a b c d baby will move"));
    }
}
