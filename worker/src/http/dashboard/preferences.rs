//! Language and colours: chosen with `?lang=` and `?theme=`, kept in cookies.

use axum::{
    extract::{Query, Request},
    http::{HeaderMap, header},
    middleware::Next,
    response::Response,
};
use cookie::time::Duration;
use serde::Deserialize;

use super::session;

const LANG: &str = "lang";
const THEME: &str = "theme";

/// The language of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lang {
    English,
    Nepali,
}

impl Lang {
    /// As in `<html lang>`.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Lang::English => "en",
            Lang::Nepali => "ne",
        }
    }

    fn parse(code: &str) -> Option<Self> {
        [Lang::English, Lang::Nepali].into_iter().find(|l| l.code() == code)
    }
}

/// The colours of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Theme {
    /// As the system has them.
    Auto,
    Light,
    Dark,
}

impl Theme {
    /// All of them, in the order of the switch.
    pub(crate) const ALL: [Theme; 3] = [Theme::Auto, Theme::Light, Theme::Dark];

    /// As in `<html data-theme>`.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Theme::Auto => "auto",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.code() == code)
    }
}

/// The visitor's choice of language and colours.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Preferences {
    pub(crate) lang: Lang,
    pub(crate) theme: Theme,
}

#[derive(Deserialize)]
struct Choice {
    lang: Option<String>,
    theme: Option<String>,
}

/// Reads the choice of a request and keeps a new one in a cookie.
pub(crate) async fn choose(mut request: Request, next: Next) -> Response {
    let choice = Query::<Choice>::try_from_uri(request.uri()).map(|q| q.0);
    let (lang, theme) = choice.map_or((None, None), |c| {
        (c.lang.as_deref().and_then(Lang::parse), c.theme.as_deref().and_then(Theme::parse))
    });
    let headers = request.headers();
    let preferences = Preferences {
        lang: lang.or_else(|| Lang::parse(&session::get(headers, LANG)?)).unwrap_or_else(|| spoken(headers)),
        theme: theme.or_else(|| Theme::parse(&session::get(headers, THEME)?)).unwrap_or(Theme::Auto),
    };
    request.extensions_mut().insert(preferences);
    let mut response = next.run(request).await;
    let year = Some(Duration::days(365));
    let lang = lang.map(|l| session::set(LANG, l.code(), year));
    let theme = theme.map(|t| session::set(THEME, t.code(), year));
    for cookie in [lang, theme].into_iter().flatten() {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// The language that the browser asks for first.
fn spoken(headers: &HeaderMap) -> Lang {
    let first = headers.get(header::ACCEPT_LANGUAGE).and_then(|l| l.to_str().ok()).unwrap_or_default();
    if first.to_ascii_lowercase().starts_with("ne") { Lang::Nepali } else { Lang::English }
}
