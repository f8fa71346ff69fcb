//! Runs every periodic task: waits for the database, makes a step, logs its failure, and waits for the next one.

use std::{future::Future, sync::Arc, time::Duration};

use rand::Rng;
use shared::db::sqlstate;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::health::Health;

/// When a task makes its next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// There is more to do.
    AtOnce,
    /// After the interval, or when the task is woken.
    AfterInterval,
    /// As `AfterInterval`, but not before this time has passed, even if the task is woken.
    NotBefore(Duration),
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failed {
    #[error("{}", sqlstate(.0))]
    Database(#[from] sqlx::Error),
    #[error("no answer within {0:?}")]
    TooSlow(Duration),
}

/// Work that a running worker does again and again.
pub(crate) trait Task: Send + 'static {
    /// The name in log lines.
    const NAME: &'static str;

    /// The usual time between two steps, before jitter.
    fn interval(&self) -> Duration;

    /// Whether the next step waits until the database can be used.
    fn needs_database(&self) -> bool {
        true
    }

    /// Does one unit of work. A failed step is repeated after the interval.
    fn step(&mut self) -> impl Future<Output = Result<Next, Failed>> + Send;

    /// Returns when the next step is to be made before its interval has passed.
    fn woken(&mut self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }
}

/// Runs tasks until the worker stops.
#[derive(Clone)]
pub(crate) struct Driver {
    pub(crate) health: Arc<Health>,
    pub(crate) stop: CancellationToken,
}

impl Driver {
    /// Runs `task` until the worker stops. A step that has begun is not cut off.
    pub(crate) async fn run<T: Task>(self, mut task: T) {
        loop {
            if task.needs_database() {
                tokio::select! {
                    () = self.health.database_ready() => {}
                    () = self.stop.cancelled() => {}
                }
            }
            if self.stop.is_cancelled() {
                return;
            }
            let next = task.step().await.unwrap_or_else(|cause| {
                tracing::warn!(task = T::NAME, %cause, "task failed, it is tried again");
                Next::AfterInterval
            });
            let interval = jittered(task.interval());
            let (least, rest) = match next {
                Next::AtOnce => continue,
                Next::AfterInterval => (Duration::ZERO, interval),
                Next::NotBefore(least) => (least, interval.saturating_sub(least)),
            };
            let wait = async {
                sleep(least).await;
                tokio::select! {
                    () = sleep(rest) => {}
                    () = task.woken() => {}
                }
            };
            tokio::select! {
                () = wait => {}
                () = self.stop.cancelled() => return,
            }
        }
    }
}

/// Waits for `work` for at most `limit`.
pub(super) async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, Failed> {
    Ok(timeout(limit, work).await.map_err(|_| Failed::TooSlow(limit))??)
}

/// Spread, so that several workers do not work in step.
fn jittered(interval: Duration) -> Duration {
    interval.mul_f64(rand::thread_rng().gen_range(0.75..1.25))
}

#[cfg(test)]
mod tests {
    use tokio::{
        sync::{Notify, mpsc},
        time::Instant,
    };

    use super::*;

    /// Records the time, and returns the configured result.
    struct Told {
        next: Vec<Result<Next, Failed>>,
        steps: mpsc::UnboundedSender<Instant>,
        wake: Arc<Notify>,
    }

    impl Task for Told {
        const NAME: &'static str = "told";

        fn interval(&self) -> Duration {
            Duration::from_secs(100)
        }

        fn needs_database(&self) -> bool {
            false
        }

        async fn step(&mut self) -> Result<Next, Failed> {
            let _ = self.steps.send(Instant::now());
            self.next.pop().unwrap_or(Ok(Next::AfterInterval))
        }

        async fn woken(&mut self) {
            self.wake.notified().await;
        }
    }

    /// Starts a task that says `next`, the last first; the times of its steps, what wakes and what stops it.
    fn start(
        next: Vec<Result<Next, Failed>>,
    ) -> (mpsc::UnboundedReceiver<Instant>, Arc<Notify>, CancellationToken) {
        let (steps, seen) = mpsc::unbounded_channel();
        let (wake, stop) = (Arc::new(Notify::new()), CancellationToken::new());
        let driver = Driver { health: Arc::default(), stop: stop.clone() };
        tokio::spawn(driver.run(Told { next, steps, wake: wake.clone() }));
        (seen, wake, stop)
    }

    #[tokio::test(start_paused = true)]
    async fn a_step_says_when_the_next_one_is_made() {
        let failed = Err(Failed::TooSlow(Duration::ZERO));
        let (mut seen, _, _) =
            start(vec![failed, Ok(Next::NotBefore(Duration::from_secs(500))), Ok(Next::AtOnce)]);
        let mut at = Vec::new();
        for _ in 0..4 {
            at.push(seen.recv().await.unwrap());
        }
        let gaps: Vec<u64> = at.windows(2).map(|w| (w[1] - w[0]).as_secs()).collect();
        assert_eq!(gaps[..2], [0, 500]);
        assert!((75..125).contains(&gaps[2]), "a failed step waits for its interval: {gaps:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_is_woken_does_not_wait_for_its_interval() {
        let (mut seen, wake, _) = start(vec![Ok(Next::NotBefore(Duration::from_secs(3)))]);
        let first = seen.recv().await.unwrap();
        wake.notify_one();
        let second = seen.recv().await.unwrap();
        assert_eq!((second - first).as_secs(), 3, "not before the time that the step named");
        wake.notify_one();
        assert_eq!(seen.recv().await.unwrap(), second);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stopped_worker_makes_no_further_step() {
        let (mut seen, wake, stop) = start(Vec::new());
        seen.recv().await.unwrap();
        stop.cancel();
        wake.notify_one();
        assert_eq!(seen.recv().await, None);
    }
}
