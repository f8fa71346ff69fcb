//! What becomes of an attempt that had let go of its number or message, and proves to be accepted.

use sqlx::PgConnection;

use super::{
    attempts::{AttemptRef, Heap},
    messages, number,
};

/// An attempt that had let go proved to be accepted: it blocks again, unless another attempt does.
pub(super) async fn take_back(tx: &mut PgConnection, attempt: AttemptRef) -> Result<(), sqlx::Error> {
    match attempt.heap {
        Heap::Welcomes => number::reclaim(tx, attempt.attempt_id).await.map(drop),
        Heap::Messages => messages::reclaim(tx, attempt).await,
    }
}
