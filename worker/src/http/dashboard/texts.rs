//! Every text of the pages, in both languages. A text that one language lacks does not compile.

mod advice;
mod english;
mod entries;
mod nepali;
mod note;
mod story;
mod word;

pub(crate) use advice::{Advice, advice};
pub(crate) use entries::Texts;
pub(crate) use note::Note;
pub(crate) use story::tell;
pub(crate) use word::{Tone, tone, word};

use super::preferences::Lang;

/// Those of this language.
pub(crate) fn of(lang: Lang) -> &'static Texts {
    match lang {
        Lang::English => &english::TEXTS,
        Lang::Nepali => &nepali::TEXTS,
    }
}
