//! The forms of staff about a person and about a task. They go through the doors of the commands.

use std::sync::Arc;

use axum::{Extension, Form, extract::State, response::Response};
use serde::Deserialize;
use shared::{
    consent::{
        doors::Effect,
        staff_tasks::{self, Closing},
    },
    domain::{CalendarDate, Change, UserId},
    events::ProfileChanged,
};
use uuid::Uuid;

use super::{
    Admin,
    actions::{Sent, back, reason},
    answer::{Failure, Refusal, allow},
    pages,
    session::Visitor,
    texts::Note,
};
use crate::store::{
    profile_entry,
    profiles::Applied,
    staff_acts::{self, Acted, StaffAct, Target},
};

#[derive(Deserialize)]
pub(crate) struct ActForm {
    /// The user, or else the task or the conversation, that it is about.
    user: Option<String>,
    task: Option<Uuid>,
    conversation: Option<Uuid>,
    act: StaffAct,
    reason: String,
}

pub(crate) async fn act(
    State(admin): State<Arc<Admin>>,
    Extension(visitor): Extension<Visitor>,
    form: Sent<ActForm>,
) -> Result<Response, Failure> {
    let Form(form) = form?;
    allow(&visitor, pages::permission(form.act))?;
    let reason = reason(&form.reason)?;
    let (target, page) = match (&form.user, form.task, form.conversation) {
        (Some(user), None, None) if !user.contains('\0') => {
            (Target::User(user), pages::people::path_of(user))
        }
        (None, Some(task), None) => (Target::Task(task), "/tasks".to_owned()),
        (None, None, Some(talk)) => (Target::Conversation(talk), pages::conversation::path_of(talk)),
        _ => return Err(Refusal::Form.into()),
    };
    let acted = staff_acts::carry_out(admin.pool(), target, form.act, &visitor.name, reason).await?;
    admin.overview.forget().await;
    Ok(match (acted, target) {
        (Acted::NobodyFound, Target::User(_)) => back("/people", Note::NobodyFound),
        (Acted::NobodyFound, Target::Task(_)) => back("/tasks", Note::NoSuchTask),
        (Acted::NobodyFound, Target::Conversation(_)) => back("/inbox", Note::NoSuchTalk),
        (Acted::NoNumber, _) => back(&page, Note::NoNumber),
        (Acted::Effect(effect), _) => back(&page, note_of(form.act, effect)),
    })
}

fn note_of(act: StaffAct, effect: Effect) -> Note {
    match (effect, act) {
        (Effect::TipsAgain, _) | (Effect::Done, StaffAct::Lift | StaffAct::UndoLoss) => Note::TakenBack,
        (Effect::Done, _) => Note::Entered,
        (Effect::Held, _) => Note::StaysStopped,
        (Effect::Already, StaffAct::Lift | StaffAct::UndoLoss) => Note::NothingToTakeBack,
        (Effect::Already, _) => Note::EnteredAlready,
    }
}

#[derive(Deserialize)]
pub(crate) struct DatesForm {
    user: String,
    /// Empty: it stays as it is.
    due_date: String,
    child_birth_date: String,
    /// The conversation that it was told in.
    conversation: Option<Uuid>,
    reason: String,
}

/// Enters the dates that a user told staff.
pub(crate) async fn dates(
    State(admin): State<Arc<Admin>>,
    Extension(visitor): Extension<Visitor>,
    form: Sent<DatesForm>,
) -> Result<Response, Failure> {
    let Form(form) = form?;
    let reason = reason(&form.reason)?;
    let user = UserId::parse(&form.user).map_err(|_| Refusal::Form)?;
    let page = match form.conversation {
        Some(talk) => pages::conversation::path_of(talk),
        None => pages::people::path_of(user.as_str()),
    };
    let mut change = ProfileChanged::new(user);
    change.profile.due_date = date(&form.due_date)?;
    change.profile.child_birth_date = date(&form.child_birth_date)?;
    if change.profile.is_empty() {
        return Err(Refusal::Form.into());
    }
    let by = (&*visitor.name, reason);
    let entered = profile_entry::enter(admin.pool(), &admin.context.audience.numbers, &change, by).await?;
    Ok(match entered {
        None => back("/people", Note::NobodyFound),
        Some(Applied::Older) => back(&page, Note::NewerStored),
        Some(Applied::Yes) => back(&page, Note::Entered),
    })
}

fn date(typed: &str) -> Result<Change<CalendarDate>, Refusal> {
    match typed.trim() {
        "" => Ok(Change::Keep),
        typed => typed.parse().map(Change::Set).map_err(|_| Refusal::Form),
    }
}

#[derive(Deserialize)]
pub(crate) struct CloseForm {
    task: Uuid,
    reason: String,
}

pub(crate) async fn close(
    State(admin): State<Arc<Admin>>,
    Extension(visitor): Extension<Visitor>,
    form: Sent<CloseForm>,
) -> Result<Response, Failure> {
    let Form(form) = form?;
    let closed = staff_tasks::settle(admin.pool(), form.task, &visitor.name, reason(&form.reason)?).await?;
    admin.overview.forget().await;
    let note = match closed {
        Closing::Done => Note::TaskClosed,
        Closing::Already => Note::TaskClosedAlready,
        Closing::NoSuchTask => Note::NoSuchTask,
    };
    Ok(back("/tasks", note))
}
