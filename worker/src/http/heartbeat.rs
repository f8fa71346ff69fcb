//! Whether the runtime still moves. The probes are served from a thread of their own, so that they answer even when
//! every thread of the runtime hangs, and then say so.

use std::{
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::Router;

use crate::http::listener::{self, Limits};

const BEAT: Duration = Duration::from_secs(1);
/// Far above what a busy machine delays a task by.
const STALLED: Duration = Duration::from_secs(15);

/// The last sign of life of the runtime that every loop runs on.
#[derive(Clone)]
pub(crate) struct Heartbeat {
    started: Instant,
    /// Milliseconds from `started` to the last beat.
    last: Arc<AtomicU64>,
}

impl Heartbeat {
    /// One that just beat.
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), last: Arc::new(AtomicU64::new(0)) }
    }

    /// Beats for as long as this runtime has a free thread, also while the worker finishes its deliveries.
    pub(crate) async fn keep_beating(self) {
        loop {
            self.beat();
            tokio::time::sleep(BEAT).await;
        }
    }

    fn beat(&self) {
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(now, Ordering::Relaxed);
    }

    /// For how long nothing has moved, when that is too long.
    pub(crate) fn stalled(&self) -> Option<Duration> {
        let last = Duration::from_millis(self.last.load(Ordering::Relaxed));
        Some(self.started.elapsed().saturating_sub(last)).filter(|since| *since > STALLED)
    }
}

/// Serves `routes` from a thread with a small runtime of its own, until the process ends.
pub(crate) fn serve_apart(listener: TcpListener, routes: Router) -> std::io::Result<()> {
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let serve = async move {
        match tokio::net::TcpListener::from_std(listener) {
            Ok(listener) => listener::serve(listener, routes, Limits::USUAL).await,
            Err(error) => tracing::error!(%error, "HTTP server of the probes did not start"),
        }
    };
    std::thread::Builder::new().name("ops".to_owned()).spawn(move || runtime.block_on(serve))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stalled_runtime_is_distinguished_from_a_slow_one() {
        let long_ago = Instant::now().checked_sub(Duration::from_secs(100)).unwrap();
        let heartbeat = Heartbeat { started: long_ago, last: Arc::new(AtomicU64::new(90_000)) };
        assert_eq!(heartbeat.stalled(), None, "10 s ago");
        heartbeat.last.store(80_000, Ordering::Relaxed);
        assert!(heartbeat.stalled().is_some_and(|since| since.as_secs() == 20));
        heartbeat.beat();
        assert_eq!(heartbeat.stalled(), None, "it moves again");
    }
}
