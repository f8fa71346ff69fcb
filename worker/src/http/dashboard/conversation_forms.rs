//! The forms of a conversation. The permissions are in `auth`, and what they do is audited in `care`.

use std::sync::Arc;

use axum::{Extension, Form, extract::State, response::Response};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    Admin,
    actions::{Sent, back, reason},
    answer::Failure,
    page_context::PageContext,
    pages::conversation::{self, Draft, path_of},
    session::Visitor,
    texts::Note,
};
use crate::care::{self, CareError, Say, Staff};

/// Taking says who and when; nobody has to explain it.
const TAKES: &str = "takes the conversation";

#[derive(Deserialize)]
pub(crate) struct RevealForm {
    id: Uuid,
    reason: String,
}

/// Shows the texts. The answer to the form is the page itself: a link that reveals could be opened without a reason.
pub(crate) async fn reveal(
    State(admin): State<Arc<Admin>>,
    Extension(visitor): Extension<Visitor>,
    view: PageContext,
    form: Sent<RevealForm>,
) -> Result<Response, Failure> {
    let Form(form) = form?;
    let why = reason(&form.reason)?;
    let Some(desk) = admin.desk() else { return Ok(back(&path_of(form.id), Note::InboxOff)) };
    let staff = Staff { actor: &visitor.name, reason: why };
    let lines = desk.reveal(form.id, &staff).await;
    let draft = Draft { revealed: Some(why.to_owned()), ..Draft::default() };
    conversation::draw(&admin, view, form.id, lines, draft).await
}

#[derive(Deserialize)]
pub(crate) struct AnswerForm {
    id: Uuid,
    /// Of the conversation as it was shown.
    turn: i32,
    /// The lines that it had.
    seen: usize,
    how: How,
    #[serde(default)]
    text: String,
    /// Whether the texts showed.
    #[serde(default)]
    revealed: bool,
    reason: String,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum How {
    Text,
    Handoff,
}

pub(crate) async fn answer(
    State(admin): State<Arc<Admin>>,
    Extension(visitor): Extension<Visitor>,
    view: PageContext,
    form: Sent<AnswerForm>,
) -> Result<Response, Failure> {
    let Form(form) = form?;
    let staff = Staff { actor: &visitor.name, reason: reason(&form.reason)? };
    let Some(desk) = admin.desk() else { return Ok(back(&path_of(form.id), Note::InboxOff)) };
    // Browsers send lines of a form with the ends of MIME.
    let text = form.text.replace("\r\n", "\n");
    let say = match form.how {
        How::Text => Say::Text(&text),
        How::Handoff => Say::Handoff,
    };
    let why = match desk.answer(form.id, form.turn, say, &staff).await {
        Ok(()) => {
            admin.overview.forget().await;
            return Ok(back(&path_of(form.id), Note::AnswerQueued));
        }
        Err(why) => why,
    };
    let lines = if form.revealed {
        desk.reveal(form.id, &staff).await
    } else {
        care::outline(admin.pool(), form.id).await
    };
    let draft = Draft { revealed: form.revealed.then(|| staff.reason.to_owned()), text, notice: None };
    conversation::draw_again(&admin, view, (form.id, form.seen), lines, (why, draft)).await
}

#[derive(Deserialize)]
pub(crate) struct TakeForm {
    id: Uuid,
    turn: i32,
    seen: usize,
}

pub(crate) async fn take(
    State(admin): State<Arc<Admin>>,
    Extension(visitor): Extension<Visitor>,
    view: PageContext,
    form: Sent<TakeForm>,
) -> Result<Response, Failure> {
    let Form(form) = form?;
    let staff = Staff { actor: &visitor.name, reason: TAKES };
    match care::take(admin.pool(), form.id, form.turn, &staff).await {
        Ok(()) => Ok(back(&path_of(form.id), Note::Taken)),
        Err(why) => {
            let lines = care::outline(admin.pool(), form.id).await;
            let place = (form.id, form.seen);
            conversation::draw_again(&admin, view, place, lines, (why, Draft::default())).await
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct CloseForm {
    id: Uuid,
    reason: String,
}

pub(crate) async fn close(
    State(admin): State<Arc<Admin>>,
    Extension(visitor): Extension<Visitor>,
    form: Sent<CloseForm>,
) -> Result<Response, Failure> {
    let Form(form) = form?;
    let staff = Staff { actor: &visitor.name, reason: reason(&form.reason)? };
    let closed = care::close(admin.pool(), form.id, &staff).await;
    admin.overview.forget().await;
    match closed {
        Ok(()) => Ok(back("/inbox", Note::TalkClosed)),
        Err(CareError::Database(error)) => Err(error.into()),
        Err(CareError::Closed) => Ok(back("/inbox", Note::TalkClosedAlready)),
        Err(_) => Ok(back("/inbox", Note::NoSuchTalk)),
    }
}
