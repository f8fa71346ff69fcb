//! The forms for what staff do about a person.

use shared::consent::staff_tasks::Task;
use uuid::Uuid;

use crate::{config::Act, http::dashboard::page_context::PageContext, store::staff_acts::StaffAct};

/// The forms that a page shows, and the person they are about. They do not depend on what is stored, so that a missing one
/// tells nothing.
pub(crate) struct PersonActs {
    /// Name and value of the field that says who: `user`, `task` or `conversation`.
    pub(super) field: &'static str,
    pub(super) value: String,
    pub(super) acts: Vec<StaffAct>,
    /// The user whose dates the visitor may enter.
    pub(super) dates_of: Option<String>,
}

impl PersonActs {
    pub(super) fn of_user(view: &PageContext, user: &str, has_number: bool) -> Self {
        let fits = |act| has_number || act != StaffAct::WrongNumber;
        Self::new(view, ("user", user.to_owned()), Some(user), fits)
    }

    pub(super) fn of_task(view: &PageContext, task: &Task) -> Self {
        let (user, number) = (task.user_id.is_some(), task.phone_e164.is_some());
        Self::new(view, ("task", task.task_id.to_string()), None, |act| match act {
            StaffAct::WrongNumber => number,
            StaffAct::UndoLoss => user,
            _ => true,
        })
    }

    /// Those that a person may ask for in a conversation.
    pub(super) fn of_conversation(
        view: &PageContext,
        id: Uuid,
        user: Option<&str>,
        has_number: bool,
    ) -> Self {
        Self::new(view, ("conversation", id.to_string()), user, |act| match act {
            StaffAct::Stop | StaffAct::Loss => has_number || user.is_some(),
            StaffAct::WrongNumber => has_number,
            StaffAct::StopTips | StaffAct::Lift | StaffAct::UndoLoss => false,
        })
    }

    fn new(
        view: &PageContext,
        (field, value): (&'static str, String),
        user: Option<&str>,
        fits: impl Fn(StaffAct) -> bool,
    ) -> Self {
        let acts = StaffAct::ALL.into_iter().filter(|act| view.may(permission(*act)) && fits(*act)).collect();
        let dates_of = user.filter(|_| view.may(Act::Dates)).map(str::to_owned);
        Self { field, value, acts, dates_of }
    }
}

/// What the visitor must be allowed to do.
pub(crate) fn permission(act: StaffAct) -> Act {
    match act {
        StaffAct::Stop | StaffAct::StopTips | StaffAct::WrongNumber | StaffAct::Lift => Act::Stop,
        StaffAct::Loss | StaffAct::UndoLoss => Act::Loss,
    }
}
