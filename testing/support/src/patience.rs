//! Waiting for a condition, with a deadline.

use std::time::Duration;

use anyhow::bail;
use tokio::time::Instant;

/// How long a condition may take on a busy machine before a scenario has failed.
pub const PATIENCE: Duration = Duration::from_secs(60);
pub(crate) const POLL: Duration = Duration::from_millis(50);

/// The result of a look: the value that was waited for, or a description of the present state.
pub type Look<T> = Result<T, String>;

/// Repeats `look` until it finds the value. After `limit`, fails and reports what it saw last.
pub async fn until<T>(
    what: &str,
    limit: Duration,
    mut look: impl AsyncFnMut() -> anyhow::Result<Look<T>>,
) -> anyhow::Result<T> {
    let deadline = Instant::now() + limit;
    loop {
        match look().await? {
            Ok(found) => return Ok(found),
            Err(seen) if Instant::now() >= deadline => {
                bail!("{what}: not within {limit:?}; seen last: {seen}")
            }
            Err(_) => tokio::time::sleep(POLL).await,
        }
    }
}
