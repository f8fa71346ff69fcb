//! Waiting for many users, as long as there is progress.

use anyhow::bail;
use tokio::time::Instant;

use crate::{PATIENCE, patience::POLL};

/// Waits until `left` finds 0. Fails when for a while there were never fewer than before, however long the whole
/// took.
pub(crate) async fn until_none(
    what: &str,
    mut left: impl AsyncFnMut() -> anyhow::Result<(usize, String)>,
) -> anyhow::Result<()> {
    let (mut fewest, mut since) = (usize::MAX, Instant::now());
    loop {
        let (now, seen) = left().await?;
        if now == 0 {
            return Ok(());
        }
        if now < fewest {
            (fewest, since) = (now, Instant::now());
        } else if since.elapsed() > 2 * PATIENCE {
            bail!("{what}: no progress within {:?}; seen last: {seen}", 2 * PATIENCE);
        }
        tokio::time::sleep(POLL).await;
    }
}
