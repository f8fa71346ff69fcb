//! Why staff cannot do what they want.

use crate::inbox::Closed;

/// Why an act was not carried out. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CareError {
    #[error("no such conversation: `worker inbox list` shows the open ones")]
    Missing,
    #[error("the conversation is closed: the next message of the person opens another one")]
    Closed,
    #[error("a message or an answer has come since then: read the conversation again")]
    Changed,
    #[error(
        "the person wrote more than 24 hours ago, so no free text may be sent: send the handoff template, or call"
    )]
    WindowClosed,
    #[error("no template of the slot `handoff` may be sent: `worker templates list` shows why")]
    NoTemplate,
    #[error(
        "the number of the person is not known: link the conversation to a user, or wait for a message with the number"
    )]
    NoNumber,
    #[error("another conversation with this person is open: close it first")]
    TwoOpen,
    #[error("no such user")]
    NoUser,
    #[error("{0}")]
    Text(String),
    #[error(transparent)]
    Sealed(#[from] Closed),
    #[error("{}", shared::db::sqlstate(.0))]
    Database(#[from] sqlx::Error),
}
