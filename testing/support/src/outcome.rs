//! A row of the published view.

use sqlx::FromRow;

/// The outcome of one user, as the view `onboarding_status` shows it.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Outcome {
    /// The portal's id.
    pub user_id: String,
    /// E.164, if the number is valid.
    pub phone_e164: Option<String>,
    /// `stored`, `received`, `rejected`, `registered`, `suppressed` or `failed`.
    pub state: String,
    /// Why, where there is a cause.
    pub reason: Option<String>,
    /// `lookup` or `none`, once registered.
    pub registration_method: Option<String>,
    /// Twilio's SID.
    pub welcome_sid: Option<String>,
    /// Twilio's status, or `not_sent`, `sending`, `unknown`, `skipped`.
    pub welcome_status: String,
    /// Create calls that got a definite answer or none.
    pub attempts: i32,
}

impl Outcome {
    pub(crate) const SELECT: &str =
        "SELECT user_id, phone_e164, state, reason, registration_method, welcome_sid,
        welcome_status, attempts FROM onboarding_status";

    /// Whether only a status callback can still change a row.
    pub(crate) const FINAL: &str = "state IN ('rejected', 'suppressed', 'failed')
        OR state = 'registered' AND (welcome_status NOT IN ('sending', 'unknown') OR coalesce(reason, '') = 'parked')";

    /// State, welcome status and reason, `-` for none: the columns that distinguish the cases.
    pub fn case(&self) -> String {
        format!("{} {} {}", self.state, self.welcome_status, self.reason.as_deref().unwrap_or("-"))
    }
}
