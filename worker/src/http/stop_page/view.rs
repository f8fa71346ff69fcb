//! What the page shows.

use askama::Template;
use shared::templates::Language;

use super::texts::{self, Texts};
use crate::store::stop_links::Link;

/// In the page itself: a second request costs more than these bytes.
pub(super) const STYLE: &str = include_str!("../../../assets/stop.css");

/// The part that differs.
pub(super) enum Body {
    /// The buttons. The digits are missing for a code that is unknown or revoked.
    Choose { digits: Option<String>, done: bool },
    /// No message goes to the number.
    Stopped { digits: String, undo: bool },
    /// The form for people without a code.
    Form { done: bool },
    /// Too many unknown codes were tried.
    Limited,
    /// The database does not answer.
    Unavailable,
    /// The request is not one of the page's forms.
    Refused,
}

impl Body {
    pub(super) fn of(link: &Link, done: bool) -> Self {
        let number = link.phone.as_str();
        let digits = number.get(number.len().saturating_sub(2)..).unwrap_or_default().to_owned();
        if link.stopped {
            Self::Stopped { digits, undo: link.may_undo }
        } else {
            Self::Choose { digits: Some(digits), done }
        }
    }

    pub(super) fn of_unknown(done: bool) -> Self {
        Self::Choose { digits: None, done }
    }
}

#[derive(Template)]
#[template(path = "stop_page.html")]
pub(super) struct Page<'a> {
    body: Body,
    t: &'static Texts,
    style: &'static str,
    language: Language,
    /// Of this address, in this language.
    here: &'static str,
    /// Of this address, in the other language.
    switch: &'static str,
    /// The form for people without a code.
    form: String,
    help_line: Option<&'a str>,
}

impl<'a> Page<'a> {
    pub(super) fn new(
        body: Body,
        language: Language,
        done: bool,
        form: &str,
        help_line: Option<&'a str>,
    ) -> Self {
        let (here, switch) = match (language, done) {
            (Language::Ne, false) => ("?", "?lang=en"),
            (Language::Ne, true) => ("?", "?done&lang=en"),
            (Language::En, false) => ("?lang=en", "?"),
            (Language::En, true) => ("?lang=en", "?done"),
        };
        Self {
            body,
            t: texts::of(language),
            style: STYLE,
            language,
            here,
            switch,
            form: format!("{form}{here}"),
            help_line,
        }
    }

    /// What stands above the form for a number; none: the page has no such form.
    fn entry(&self) -> Option<&'static str> {
        match self.body {
            Body::Form { done: false } => Some(self.t.explain_form),
            Body::Limited => Some(self.t.limited),
            _ => None,
        }
    }

    /// The help line, for `tel:`.
    fn dialled(&self) -> String {
        let line = self.help_line.unwrap_or_default();
        line.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()
    }
}
