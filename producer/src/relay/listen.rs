//! `LISTEN`: new rows wake the relay before its next poll. Without it the relay is only slower.

use std::{convert::Infallible, sync::Arc, time::Duration};

use shared::db;
use sqlx::{PgPool, postgres::PgListener};
use tokio::{sync::Notify, task::JoinHandle};

const CHANNEL: &str = "onboarding_outbox";
/// Pause after the connection was lost or listening failed.
const AGAIN_AFTER: Duration = Duration::from_secs(30);

/// Listens until it is dropped.
pub(super) struct Listener {
    wake: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Listener {
    /// Starts listening on one connection of `pool`.
    pub(super) fn start(pool: PgPool) -> Self {
        let wake = Arc::new(Notify::new());
        let notified = wake.clone();
        let task = tokio::spawn(async move {
            loop {
                let Err(error) = listen(&pool, &notified).await;
                tracing::info!(error = db::sqlstate(&error), "not listening for new rows; polling");
                tokio::time::sleep(AGAIN_AFTER).await;
            }
        });
        Self { wake, task }
    }

    /// Returns when there may be new rows since it last returned.
    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen(pool: &PgPool, wake: &Notify) -> Result<Infallible, sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    loop {
        listener.recv().await?;
        wake.notify_one();
    }
}
