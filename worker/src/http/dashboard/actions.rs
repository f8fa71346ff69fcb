//! The operators' forms. They call the same functions as the commands and write to the same audit log.

use std::sync::Arc;

use axum::{
    Extension, Form,
    extract::{State, rejection::FormRejection},
    http::{HeaderMap, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use shared::{
    audit::{self, NewEntry},
    lane::Lane,
};
use uuid::Uuid;

use super::{
    Admin,
    answer::{Failure, Refusal},
    session::{self, Visitor},
    settling,
    texts::Note,
};
use crate::{
    reconcile::{
        adopt::{self, NotAdopted},
        bulk_settle::Order,
    },
    replay as letters,
    store::{
        dead_letters::settle::{self, Verdict},
        needs_review::{self, ReviewDecision, ReviewItem, ReviewResult},
        pauses::{self, Limit},
    },
    twilio::MessageSid,
};

/// As long as a reason may be.
const LONGEST_REASON: usize = 200;

pub(super) type Sent<T> = Result<Form<T>, FormRejection>;

#[derive(Deserialize)]
pub(crate) struct Pause {
    lane: Lane,
    /// 0: until resumed.
    hours: u8,
    reason: String,
}

pub(crate) async fn pause(
    State(admin): State<Arc<Admin>>,
    Extension(visitor): Extension<Visitor>,
    form: Sent<Pause>,
) -> Result<Response, Failure> {
    let Form(form) = form?;
    let reason = reason(&form.reason)?;
    let seconds = (form.hours > 0).then(|| f64::from(form.hours) * 3600.0);
    let limit = Limit { at: None, seconds };
    pauses::pause(admin.pool(), form.lane, limit, &visitor.name, reason).await?;
    admin.overview.forget().await;
    Ok(back("/", Note::Paused))
}

#[derive(Deserialize)]
pub(crate) struct Resume {
    lane: Lane,
    reason: String,
}

pub(crate) async fn resume(
    State(admin): State<Arc<Admin>>,
    Extension(visitor): Extension<Visitor>,
    form: Sent<Resume>,
) -> Result<Response, Failure> {
    let Form(form) = form?;
    let lifted = pauses::resume(admin.pool(), form.lane, &visitor.name, reason(&form.reason)?).await?;
    admin.overview.forget().await;
    Ok(back("/", if lifted { Note::Resumed } else { Note::NotPaused }))
}

#[derive(Deserialize)]
pub(crate) struct Settle {
    attempt: Uuid,
    decision: Verb,
    #[serde(default)]
    sid: String,
    reason: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Verb {
    Adopt,
    MarkSent,
    Reopen,
}

pub(crate) async fn settle(
    State(admin): State<Arc<Admin>>,
    Extension(visitor): Extension<Visitor>,
    form: Sent<Settle>,
) -> Result<Response, Failure> {
    let Form(form) = form?;
    let reason = reason(&form.reason)?;
    let Some(attempt) = needs_review::find(admin.pool(), form.attempt).await? else {
        return Ok(back("/unknown", Note::NoSuchAttempt));
    };
    let decision = match form.decision {
        Verb::Adopt => match adopted(&admin, &form.sid, &attempt).await? {
            Ok(decision) => decision,
            Err(note) => return Ok(back("/unknown", note)),
        },
        Verb::MarkSent => ReviewDecision::MarkSent,
        Verb::Reopen => ReviewDecision::Reopen,
    };
    let (by, meanings) = ((&*visitor.name, reason), &*admin.context.meanings);
    let settled = needs_review::decide(admin.pool(), &attempt, &decision, by, meanings).await?;
    admin.overview.forget().await;
    let note = match settled {
        ReviewResult::Yes => Note::Settled,
        ReviewResult::NumberFreed => Note::NumberFreed,
        ReviewResult::TooLate => Note::TooLate,
        ReviewResult::ProvedSent => Note::ProvedSent,
        ReviewResult::AnsweredFirst => Note::AnsweredFirst,
    };
    Ok(back("/unknown", note))
}

async fn adopted(
    admin: &Admin,
    sid: &str,
    attempt: &ReviewItem,
) -> Result<Result<ReviewDecision, Note>, sqlx::Error> {
    let Ok(sid) = MessageSid::parse(sid.trim()) else { return Ok(Err(Note::BadSid)) };
    match adopt::fetch(admin.pool(), &admin.context.client, &sid, attempt).await {
        Ok(decision) => Ok(Ok(decision)),
        Err(NotAdopted::OtherNumber) => Ok(Err(Note::OtherNumber)),
        Err(NotAdopted::Taken) => Ok(Err(Note::TakenSid)),
        Err(NotAdopted::Twilio(_)) => Ok(Err(Note::TwilioAway)),
        Err(NotAdopted::Database(error)) => Err(error),
    }
}

#[derive(Deserialize)]
pub(crate) struct SettlePeriod {
    /// Times of Nepal.
    since: String,
    until: String,
    how: Mode,
    reason: String,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Mode {
    Look,
    Adopt,
    ReopenAbsent,
}

/// Starts to settle every unknown outcome of a period; the page shows how far it is.
pub(crate) async fn settle_period(
    State(admin): State<Arc<Admin>>,
    Extension(visitor): Extension<Visitor>,
    form: Sent<SettlePeriod>,
) -> Result<Response, Failure> {
    let Form(form) = form?;
    let reason = reason(&form.reason)?.to_owned();
    let (Some(since), Some(until)) = (settling::local(&form.since), settling::local(&form.until)) else {
        return Err(Refusal::Form.into());
    };
    if since >= until {
        return Ok(back("/unknown", Note::BadPeriod));
    }
    let order = Order {
        since,
        until,
        reopen_absent: form.how == Mode::ReopenAbsent,
        dry_run: form.how == Mode::Look,
        actor: visitor.name,
        reason,
    };
    let started = admin.settling.start(admin.bulk_settle(), admin.context.stop.clone(), order).await?;
    admin.overview.forget().await;
    Ok(back("/unknown", if started { Note::Settling } else { Note::SettlingAlready }))
}

#[derive(Deserialize)]
pub(crate) struct Replay {
    id: i64,
    reason: String,
}

/// Publishes one letter once more; it is settled only when the broker has confirmed it.
pub(crate) async fn replay(
    State(admin): State<Arc<Admin>>,
    Extension(visitor): Extension<Visitor>,
    form: Sent<Replay>,
) -> Result<Response, Failure> {
    let Form(form) = form?;
    let verdict = Verdict { actor: &visitor.name, because: reason(&form.reason)? };
    let mut tx = admin.pool().begin().await?;
    let taken = settle::take(&mut tx, &[form.id]).await?;
    let Some(event) = taken.first().and_then(letters::outgoing) else {
        return Ok(back("/letters", Note::NotReplayed));
    };
    if let Err(error) = admin.context.publisher.publish(event).await {
        tracing::warn!(letter = form.id, result = error.result(), "a dead letter was not replayed");
        return Ok(back("/letters", Note::BrokerAway));
    }
    settle::replayed(&mut tx, &[form.id], &verdict).await?;
    tx.commit().await?;
    admin.overview.forget().await;
    Ok(back("/letters", Note::Replayed))
}

pub(crate) async fn logout(
    State(admin): State<Arc<Admin>>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let cookie = session::end(admin.pool(), &headers).await?;
    let mut tx = admin.pool().begin().await?;
    let deed = NewEntry { actor: &visitor.name, action: "sign out", subject: "dashboard", reason: "" };
    audit::note(&mut tx, &deed).await?;
    tx.commit().await?;
    let mut response = Redirect::to("/login").into_response();
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

/// Somebody said why; the audit log keeps it.
pub(super) fn reason(typed: &str) -> Result<&str, Refusal> {
    let reason = typed.trim();
    let fits = !reason.is_empty() && reason.chars().count() <= LONGEST_REASON && !reason.contains('\0');
    if fits { Ok(reason) } else { Err(Refusal::Form) }
}

/// To a page, which may have a query, with a note.
pub(super) fn back(path: &str, note: Note) -> Response {
    let and = if path.contains('?') { '&' } else { '?' };
    Redirect::to(&format!("{path}{and}note={}", note.code())).into_response()
}
