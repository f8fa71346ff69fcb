//! The context of every page: the visitor, language, colours, and the result of the last form.

use std::convert::Infallible;

use axum::{
    extract::{FromRequestParts, Query},
    http::request::Parts,
};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use shared::phone::E164;

use super::{
    assets,
    format::{self, Unit},
    preferences::{Lang, Preferences, Theme},
    session::Visitor,
    texts::{self, Note, Texts},
};
use crate::{
    config::{Act, Role},
    store::staff_acts::StaffAct,
    story::What,
};

/// The pages of the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Overview,
    Inbox,
    People,
    Tasks,
    Letters,
    Unknown,
    Templates,
    Audit,
}

impl Section {
    const ALL: [Section; 8] = [
        Section::Overview,
        Section::Inbox,
        Section::People,
        Section::Tasks,
        Section::Letters,
        Section::Unknown,
        Section::Templates,
        Section::Audit,
    ];

    fn path(self) -> &'static str {
        match self {
            Section::Overview => "/",
            Section::Inbox => "/inbox",
            Section::People => "/people",
            Section::Tasks => "/tasks",
            Section::Letters => "/letters",
            Section::Unknown => "/unknown",
            Section::Templates => "/templates",
            Section::Audit => "/audit",
        }
    }
}

/// A link of the navigation.
pub(crate) struct Link {
    pub(crate) path: &'static str,
    pub(crate) text: &'static str,
    pub(crate) here: bool,
}

/// Everything that is not the page's own.
pub(crate) struct PageContext {
    pub(crate) t: &'static Texts,
    pub(crate) preferences: Preferences,
    pub(crate) visitor: Option<Visitor>,
    pub(crate) path: String,
    pub(crate) note: Option<Note>,
    now: DateTime<Utc>,
}

#[derive(Deserialize, Default)]
struct Said {
    note: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for PageContext {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let preferences = parts.extensions.get::<Preferences>().copied();
        let preferences = preferences.unwrap_or(Preferences { lang: Lang::English, theme: Theme::Auto });
        let said = Query::<Said>::try_from_uri(&parts.uri).map(|q| q.0).unwrap_or_default();
        Ok(Self {
            t: texts::of(preferences.lang),
            preferences,
            visitor: parts.extensions.get::<Visitor>().cloned(),
            path: parts.uri.path().to_owned(),
            note: said.note.as_deref().and_then(Note::parse),
            now: Utc::now(),
        })
    }
}

impl PageContext {
    pub(crate) fn lang(&self) -> &'static str {
        self.preferences.lang.code()
    }

    pub(crate) fn theme(&self) -> &'static str {
        self.preferences.theme.code()
    }

    /// The next colours of the switch, with their name.
    pub(crate) fn themes(&self) -> Vec<(&'static str, &'static str, bool)> {
        let name = |theme| match theme {
            Theme::Auto => self.t.theme_auto,
            Theme::Light => self.t.theme_light,
            Theme::Dark => self.t.theme_dark,
        };
        Theme::ALL.into_iter().map(|t| (t.code(), name(t), t == self.preferences.theme)).collect()
    }

    /// The files' fingerprint.
    #[expect(clippy::unused_self, reason = "templates call methods of the view")]
    pub(crate) fn fingerprint(&self) -> &'static str {
        &assets::FINGERPRINT
    }

    pub(crate) fn links(&self) -> Vec<Link> {
        let text = |section| match section {
            Section::Overview => self.t.nav_overview,
            Section::Inbox => self.t.nav_inbox,
            Section::People => self.t.nav_people,
            Section::Tasks => self.t.needs_person,
            Section::Letters => self.t.nav_letters,
            Section::Unknown => self.t.nav_unknown,
            Section::Templates => self.t.nav_templates,
            Section::Audit => self.t.nav_audit,
        };
        let first = self.path.split('/').nth(1).unwrap_or_default();
        let inside = [("/inbox", "conversation"), ("/people", "person"), ("/tasks", "task")];
        let under = |path: &str| self.path == path || inside.contains(&(path, first));
        Section::ALL
            .into_iter()
            .map(|s| Link { path: s.path(), text: text(s), here: under(s.path()) })
            .collect()
    }

    /// Whether the visitor may do it.
    pub(crate) fn may(&self, act: Act) -> bool {
        self.visitor.as_ref().is_some_and(|visitor| visitor.role.may(act))
    }

    /// The button of an act.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates pass references")]
    pub(crate) fn act(&self, act: &StaffAct) -> &'static str {
        match act {
            StaffAct::Stop => self.t.act_stop,
            StaffAct::StopTips => self.t.act_stop_tips,
            StaffAct::Loss => self.t.act_loss,
            StaffAct::WrongNumber => self.t.act_wrong_number,
            StaffAct::Lift => self.t.act_lift,
            StaffAct::UndoLoss => self.t.act_undo_loss,
        }
    }

    /// The session's token, for forms.
    pub(crate) fn csrf(&self) -> &str {
        self.visitor.as_ref().map_or("", |v| &v.csrf)
    }

    pub(crate) fn role(&self) -> &'static str {
        match self.visitor.as_ref().map_or(Role::Viewer, |visitor| visitor.role) {
            Role::Viewer => self.t.role_viewer,
            Role::Operator => self.t.role_operator,
            Role::Care => self.t.role_care,
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates pass references")]
    pub(crate) fn note_text(&self, note: &Note) -> &'static str {
        note.text(self.preferences.lang)
    }

    /// A count.
    pub(crate) fn n<N: Copy + Into<i64>>(&self, number: &N) -> String {
        format::count(self.preferences.lang, (*number).into())
    }

    /// A share in percent.
    pub(crate) fn percent(&self, part: i64, whole: i64) -> String {
        format::percent(self.preferences.lang, part, whole)
    }

    /// Seconds, in the unit that suits.
    pub(crate) fn span(&self, seconds: f64) -> String {
        let (value, unit) = format::duration(self.preferences.lang, seconds);
        let unit = match unit {
            Unit::Seconds => self.t.unit_seconds,
            Unit::Minutes => self.t.unit_minutes,
            Unit::Hours => self.t.unit_hours,
        };
        format!("{value}\u{a0}{unit}")
    }

    /// How long ago it was.
    pub(crate) fn waited(&self, since: &DateTime<Utc>) -> String {
        self.span((self.now - since).to_std().map_or(0.0, |passed| passed.as_secs_f64()))
    }

    /// How long it is until then. None: it is over.
    pub(crate) fn left(&self, until: &DateTime<Utc>) -> Option<String> {
        let left = (*until - self.now).to_std().ok()?;
        Some(self.span(left.as_secs_f64()))
    }

    /// Day and time in Nepal.
    pub(crate) fn time(&self, at: &DateTime<Utc>) -> String {
        format::time(self.preferences.lang, *at)
    }

    /// The same to the second.
    pub(crate) fn exact(&self, at: &DateTime<Utc>) -> String {
        format::exact(self.preferences.lang, *at)
    }

    /// The time at which the page was made.
    pub(crate) fn now(&self) -> String {
        format::clock(self.preferences.lang, self.now)
    }

    /// For `<time datetime>`.
    #[expect(clippy::unused_self, reason = "templates call methods of the view")]
    pub(crate) fn iso(&self, at: &DateTime<Utc>) -> String {
        at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    }

    /// A number with most of its digits hidden.
    #[expect(clippy::unused_self, reason = "templates call methods of the view")]
    pub(crate) fn masked(&self, phone: Option<&str>) -> String {
        phone.and_then(|p| E164::parse(p).ok()).map_or_else(|| "–".to_owned(), |p| p.masked())
    }

    /// What a reason means and what to do about it.
    pub(crate) fn advice(&self, reason: &str) -> texts::Advice {
        texts::advice(self.preferences.lang, reason)
    }

    /// What happened, as a sentence. How a message was understood shows to those who may read it: a loss looks like a stop
    /// to the others.
    pub(crate) fn tell(&self, what: &What) -> String {
        let told = texts::tell(self.preferences.lang, what);
        match what {
            What::Wrote { class: Some(class), .. } if self.may(Act::Reveal) => {
                format!("{told}: {}", self.word(class))
            }
            _ => told,
        }
    }

    /// The everyday word for a state or a status.
    pub(crate) fn word(&self, word: &str) -> String {
        texts::word(self.preferences.lang, word)
    }
}
