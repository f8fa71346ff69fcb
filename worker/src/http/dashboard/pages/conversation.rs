//! One conversation: what was written in both directions. Texts show only after somebody said why they look.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use shared::domain::Channel;
use uuid::Uuid;

use super::person_acts::PersonActs;
use crate::{
    care::{self, CareError, Direction, LONGEST_ANSWER, Line},
    config::Act,
    http::dashboard::{
        Admin,
        answer::{Failure, page},
        page_context::PageContext,
        texts::tone,
    },
    store::{
        conversations::{self, Listed},
        inbox_pages,
        reply_windows::WINDOW_MARGIN,
    },
};

/// More lines would make the page slow. The older ones are counted.
const LINES: usize = 200;

#[derive(Deserialize)]
pub(crate) struct Asked {
    id: Uuid,
}

/// What the visitor has typed, and why they look.
#[derive(Default)]
pub(crate) struct Draft {
    /// Why the texts show. None: they do not.
    pub(crate) revealed: Option<String>,
    pub(crate) text: String,
    pub(crate) notice: Option<String>,
}

#[derive(Template)]
#[template(path = "conversation.html")]
struct Opened {
    view: PageContext,
    talk: Listed,
    /// Masked.
    number: String,
    window: Window,
    lines: Vec<Line>,
    /// Lines before those.
    older: i64,
    /// All of them, so that it can be told later which came after.
    seen: usize,
    draft: Draft,
    /// Characters of an answer.
    longest: i64,
    acts: PersonActs,
}

/// When a text may be sent.
enum Window {
    /// WhatsApp takes one until then, and how long that is.
    Until(DateTime<Utc>, String),
    /// SMS has no limit.
    AnyTime,
    /// WhatsApp takes templates alone.
    Closed,
}

impl Window {
    fn of(view: &PageContext, talk: &Listed) -> Self {
        if talk.channel == Channel::Sms.as_str() {
            return Self::AnyTime;
        }
        let until = talk.window_open_until.map(|until| until - WINDOW_MARGIN);
        let open = until.and_then(|until| Some(Self::Until(until, view.left(&until)?)));
        open.unwrap_or(Self::Closed)
    }

    fn is_closed(&self) -> bool {
        matches!(self, Self::Closed)
    }
}

/// The page of a conversation.
pub(crate) fn path_of(id: Uuid) -> String {
    format!("/conversation?id={id}")
}

pub(crate) async fn show(
    State(admin): State<Arc<Admin>>,
    view: PageContext,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Failure> {
    let id = query?.id;
    let lines = care::outline(admin.pool(), id).await;
    draw(&admin, view, id, lines, Draft::default()).await
}

/// Draws a conversation with the given lines.
pub(crate) async fn draw(
    admin: &Admin,
    view: PageContext,
    id: Uuid,
    lines: Result<Vec<Line>, CareError>,
    draft: Draft,
) -> Result<Response, Failure> {
    let mut lines = match lines {
        Ok(lines) => lines,
        Err(CareError::Database(error)) => return Err(error.into()),
        Err(_) => return Ok(missing()),
    };
    let Some(talk) = conversations::find(admin.pool(), id).await? else { return Ok(missing()) };
    let phone = inbox_pages::number(admin.pool(), id).await?;
    let seen = lines.len();
    let lines = lines.split_off(seen.saturating_sub(LINES));
    let window = Window::of(&view, &talk);
    let acts = PersonActs::of_conversation(&view, id, talk.user_id.as_deref(), phone.is_some());
    let older = i64::try_from(seen - lines.len()).unwrap_or(i64::MAX);
    let longest = i64::try_from(LONGEST_ANSWER).unwrap_or(i64::MAX);
    let number = view.masked(phone.as_deref());
    page(&Opened { view, talk, number, window, lines, older, seen, draft, longest, acts })
}

/// Draws a conversation after an answer was not sent. It keeps what was typed, and says what happened. Texts that showed
/// before show again, and so do those that came meanwhile: this is another look, for the same reason.
pub(crate) async fn draw_again(
    admin: &Admin,
    view: PageContext,
    (id, seen): (Uuid, usize),
    lines: Result<Vec<Line>, CareError>,
    (why, mut draft): (CareError, Draft),
) -> Result<Response, Failure> {
    let talk = conversations::find(admin.pool(), id).await?;
    let taken_by = talk.as_ref().and_then(|talk| talk.taken_by.as_deref());
    let after = lines.as_ref().ok().and_then(|lines| lines.get(seen..)).unwrap_or_default();
    let (t, changed) = (view.t, matches!(why, CareError::Changed));
    draft.notice = Some(match why {
        CareError::Changed => changes(&view, after, taken_by),
        CareError::Closed => t.talk_closed.to_owned(),
        CareError::WindowClosed => t.window_closed.to_owned(),
        CareError::NoTemplate => t.no_handoff.to_owned(),
        CareError::NoNumber => t.no_number.to_owned(),
        CareError::Text(_) => t.bad_answer.to_owned(),
        CareError::Database(error) => return Err(error.into()),
        CareError::Missing => return Ok(missing()),
        // What an answer does not meet, or says in English alone.
        CareError::TwoOpen | CareError::NoUser | CareError::Sealed(_) => why.to_string(),
    });
    let mut response = draw(admin, view, id, lines, draft).await?;
    if response.status() == StatusCode::OK {
        *response.status_mut() =
            if changed { StatusCode::CONFLICT } else { StatusCode::UNPROCESSABLE_ENTITY };
    }
    Ok(response)
}

/// Draws a conversation without its texts after a file of it was not opened, and says why.
pub(crate) async fn draw_notice(
    admin: &Admin,
    view: PageContext,
    id: Uuid,
    (code, why): (StatusCode, &'static str),
) -> Result<Response, Failure> {
    let lines = care::outline(admin.pool(), id).await;
    let draft = Draft { notice: Some(why.to_owned()), ..Draft::default() };
    let mut response = draw(admin, view, id, lines, draft).await?;
    if response.status() == StatusCode::OK {
        *response.status_mut() = code;
    }
    Ok(response)
}

/// What others did since the visitor looked.
fn changes(view: &PageContext, after: &[Line], taken_by: Option<&str>) -> String {
    let t = view.t;
    let mut said = Vec::new();
    for line in after {
        let one = match (&line.direction, &line.by) {
            (Direction::In, _) => t.came_meanwhile.to_owned(),
            (Direction::Out, Some(name)) => format!("{name} {}", t.answered_meanwhile),
            (Direction::Out, None) => continue,
        };
        if !said.contains(&one) {
            said.push(one);
        }
    }
    if let (true, Some(name)) = (said.is_empty(), taken_by) {
        said.push(format!("{name} {}", t.took_meanwhile));
    }
    said.push(t.not_sent_changed.to_owned());
    said.join(" ")
}

fn missing() -> Response {
    Redirect::to("/inbox?note=no_such_talk").into_response()
}
