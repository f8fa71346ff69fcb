//! Checks that a message at Twilio, named by an operator, is that of an unknown outcome.

use sqlx::PgPool;

use crate::{
    channels,
    store::{
        needs_review::{ReviewDecision, ReviewItem},
        unknown::{self, Adoption},
    },
    twilio::{Client, MessageSid, ReadFault},
};

/// Why a message was not taken for the outcome.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotAdopted {
    #[error("that message went to another number, or by another channel; nothing was changed")]
    OtherNumber,
    #[error(
        "that message belongs to another attempt (`worker status` with its SID shows whose); nothing was changed"
    )]
    Taken,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Twilio(#[from] ReadFault),
}

/// Asks Twilio for the message, so that no mistyped SID is adopted.
pub(crate) async fn fetch(
    pool: &PgPool,
    client: &Client,
    sid: &MessageSid,
    attempt: &ReviewItem,
) -> Result<ReviewDecision, NotAdopted> {
    if !unknown::taken_sids(pool, &attempt.phone_e164, &[sid.to_string()]).await?.is_empty() {
        return Err(NotAdopted::Taken);
    }
    let record = client.fetch_message(sid).await?;
    if record.to.as_deref() != Some(&*channels::address(&attempt.channel, &attempt.phone_e164)) {
        return Err(NotAdopted::OtherNumber);
    }
    Ok(ReviewDecision::Adopt(Adoption::new(sid, &record)))
}
