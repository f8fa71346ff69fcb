//! One walk over Twilio's list of templates, and what it changes here.

use std::time::Duration;

use sqlx::PgPool;
use tokio::time::timeout;

use crate::{
    store::contents::{self, Applied, By, Due},
    twilio::{Client, WalkFault},
};

/// How long a walk may take. Shorter than [`contents::HOLD_TURN`].
const WALK: Duration = Duration::from_secs(300);

/// How a sync ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Synced {
    /// Another process syncs, or none is due.
    NotDue,
    /// The walk reached the end of the list, and everything is stored.
    Applied(Applied),
    /// The walk failed, and nothing was changed.
    Failed(WalkFault),
}

/// Asks Twilio for all templates if a walk is due, and stores the result in one transaction.
pub(crate) async fn sync(
    client: &Client,
    pool: &PgPool,
    due: Due,
    by: By<'_>,
) -> Result<Synced, sqlx::Error> {
    let Some(turn) = contents::begin(pool, due).await? else { return Ok(Synced::NotDue) };
    let walked = timeout(WALK, client.walk_contents()).await.unwrap_or(Err(WalkFault::TooSlow));
    Ok(match walked {
        Ok(records) => match contents::apply(pool, turn, &records, by).await? {
            Some(applied) => Synced::Applied(applied),
            None => Synced::Failed(WalkFault::TooSlow),
        },
        Err(fault) => {
            contents::fail(pool, turn, &fault.to_string()).await?;
            Synced::Failed(fault)
        }
    })
}
