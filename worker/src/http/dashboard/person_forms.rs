//! The forms of staff about a person and about a task. They go through the doors of the commands.

use std::sync::Arc;

use axum::{Extension, Form, extract::State, response::Response};
use serde::Deserialize;
use shared::consent::{
    doors::Effect,
    staff_tasks::{self, Closing},
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
use crate::store::staff_acts::{self, Acted, StaffAct, Target};

#[derive(Deserialize)]
pub(crate) struct ActForm {
    /// The user, or else the task, that it is about.
    user: Option<String>,
    task: Option<Uuid>,
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
    let (target, page) = match (&form.user, form.task) {
        (Some(user), None) if !user.contains('\0') => (Target::User(user), pages::people::path_of(user)),
        (None, Some(task)) => (Target::Task(task), "/tasks".to_owned()),
        _ => return Err(Refusal::Form.into()),
    };
    let acted = staff_acts::carry_out(admin.pool(), target, form.act, &visitor.name, reason).await?;
    admin.overview.forget().await;
    Ok(match (acted, target) {
        (Acted::NobodyFound, Target::User(_)) => back("/people", Note::NobodyFound),
        (Acted::NobodyFound, Target::Task(_)) => back("/tasks", Note::NoSuchTask),
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
