//! The forms for what staff do about a person.

use shared::consent::staff_tasks::Task;

use crate::{config::Act, http::dashboard::page_context::PageContext, store::staff_acts::StaffAct};

/// The forms that a page shows, and the person they are about. They do not depend on what is stored, so that a missing one
/// tells nothing.
pub(crate) struct PersonActs {
    /// Name and value of the field that says who: `user` or `task`.
    pub(super) field: &'static str,
    pub(super) value: String,
    pub(super) acts: Vec<StaffAct>,
}

impl PersonActs {
    pub(super) fn of_user(view: &PageContext, user: &str, has_number: bool) -> Self {
        let fits = |act| has_number || act != StaffAct::WrongNumber;
        Self::new(view, ("user", user.to_owned()), fits)
    }

    pub(super) fn of_task(view: &PageContext, task: &Task) -> Self {
        let (user, number) = (task.user_id.is_some(), task.phone_e164.is_some());
        Self::new(view, ("task", task.task_id.to_string()), |act| match act {
            StaffAct::WrongNumber => number,
            StaffAct::UndoLoss => user,
            _ => true,
        })
    }

    fn new(
        view: &PageContext,
        (field, value): (&'static str, String),
        fits: impl Fn(StaffAct) -> bool,
    ) -> Self {
        let acts = StaffAct::ALL.into_iter().filter(|act| view.may(permission(*act)) && fits(*act)).collect();
        Self { field, value, acts }
    }
}

/// What the visitor must be allowed to do.
pub(crate) fn permission(act: StaffAct) -> Act {
    match act {
        StaffAct::Stop | StaffAct::StopTips | StaffAct::WrongNumber | StaffAct::Lift => Act::Stop,
        StaffAct::Loss | StaffAct::UndoLoss => Act::Loss,
    }
}
