//! Changes of users.

use crate::domain::{BoundedText, Change, Consents, ProfileChange, UserId};

use super::UserKind;

/// The publisher's name of the reporter of a loss. `Debug` does not show it.
pub type ReportedBy = BoundedText<128>;

/// The number or the profile of a user changed. `Debug` shows no values.
#[derive(Debug, Clone, PartialEq)]
pub struct ProfileChanged {
    /// The portal's id.
    pub user_id: UserId,
    /// The number as typed, without NUL and cut to 250 bytes, never empty. `Clear`: the user has no number.
    pub phone: Change<String>,
    /// ISO 3166 code of the country that the portal knows. Events carry it as given. The decoder reads an unknown code
    /// as `Keep`.
    pub country_hint: Change<String>,
    /// Language as the portal writes it.
    pub language: Change<String>,
    /// The channel that the user prefers.
    pub channel: Change<String>,
    /// `pregnant_woman`, `new_mother` or `other`.
    pub user_kind: Change<UserKind>,
    /// The other fields.
    pub profile: ProfileChange,
}

impl ProfileChanged {
    /// An event that changes nothing yet.
    pub fn new(user_id: UserId) -> Self {
        Self {
            user_id,
            phone: Change::Keep,
            country_hint: Change::Keep,
            language: Change::Keep,
            channel: Change::Keep,
            user_kind: Change::Keep,
            profile: ProfileChange::default(),
        }
    }
}

/// A user gave or withdrew consents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentChanged {
    /// The portal's id.
    pub user_id: UserId,
    /// The consents, in the order of the event.
    pub consents: Consents,
}
