//! What a source tells of a user, the same for all sources.

use chrono::{DateTime, NaiveDate, Utc};
use producer::{UserId, UserKind};

/// A user, as told. Neither number nor name is to be shown.
#[derive(Hash)]
pub(crate) struct Person {
    pub(crate) user_id: UserId,
    pub(crate) kind: Option<UserKind>,
    /// As typed; empty when there is none.
    pub(crate) phone: String,
    pub(crate) language: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) due_date: Option<NaiveDate>,
    pub(crate) child_birth_date: Option<NaiveDate>,
    pub(crate) signed_up_at: Option<DateTime<Utc>>,
    pub(crate) active: bool,
    /// She is not to be texted; false says nothing.
    pub(crate) opted_out: bool,
}
