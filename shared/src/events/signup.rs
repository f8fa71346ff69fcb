//! A signup.

use crate::domain::{Consent, ProfileChange, UserId};

/// One signup. `Debug` shows neither number nor name.
#[derive(Clone, PartialEq)]
pub struct Signup {
    /// The portal's id.
    pub user_id: UserId,
    /// The number as typed, without NUL and cut to 250 bytes. Empty if it is missing.
    pub phone: String,
    /// ISO 3166 code of the country that the portal knows, for numbers without a country code. Events carry it as
    /// given. The decoder drops an unknown code.
    pub country_hint: Option<String>,
    /// Language as the portal writes it.
    pub language: Option<String>,
    /// The channel that the user prefers. It is recorded, but SMS is sent.
    pub channel: Option<String>,
    /// `pregnant_woman`, `new_mother` or `other`.
    pub user_kind: Option<UserKind>,
    /// The name as the portal shows it.
    pub display_name: Option<String>,
    /// The profile. A field that cannot be read changes nothing.
    pub profile: ProfileChange,
    /// The consents that the user gave or withdrew, at most [`Consents::MOST`](crate::domain::Consents::MOST).
    pub consents: Vec<Consent>,
    /// What the decoder left out because it could not be read.
    pub dropped: Dropped,
}

/// Optional parts of a signup event that could not be read. The signup counts without them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Fields of the profile.
    pub fields: usize,
    /// Consents, including those above the limit.
    pub consents: usize,
}

impl Signup {
    /// A signup with a number and nothing else.
    pub fn new(user_id: UserId, phone: String) -> Self {
        Self {
            user_id,
            phone,
            country_hint: None,
            language: None,
            channel: None,
            user_kind: None,
            display_name: None,
            profile: ProfileChange::default(),
            consents: Vec::new(),
            dropped: Dropped::default(),
        }
    }
}

impl std::fmt::Debug for Signup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signup").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

/// The kind of profile that the portal keeps of a user.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum UserKind {
    /// A pregnant woman.
    PregnantWoman,
    /// A woman who has given birth.
    NewMother,
    /// Any other user, and every unknown name.
    #[serde(other)]
    Other,
}

impl UserKind {
    /// The word for it in events and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            UserKind::PregnantWoman => "pregnant_woman",
            UserKind::NewMother => "new_mother",
            UserKind::Other => "other",
        }
    }
}
