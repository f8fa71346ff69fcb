//! What the parts of a running worker know of each other: Postgres, lanes, and what ends the worker.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicI64, Ordering},
};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use shared::{lane::QueueLane, window::Window};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// What Postgres is like at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Database {
    /// It does not answer.
    Away,
    /// It answers; migrations are missing.
    NotMigrated,
    /// It answers, and takes no writes: a standby, or a primary that was demoted.
    ReadOnly,
    /// It can be worked with.
    Ready,
}

/// What a lane does at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LaneState {
    /// Not subscribed; the worker is trying to subscribe.
    Down,
    /// It consumes.
    Consuming,
    /// It holds back on purpose: the breaker is open.
    Held,
    /// An operator paused it; calls in flight come to their end.
    Pausing,
    /// An operator paused it, until that time or until lifted.
    Paused(Option<DateTime<Utc>>),
    /// It holds back on purpose: it is not its time of the day.
    OutsideHours {
        /// Its hours.
        window: Window,
        /// When they begin.
        until: DateTime<Utc>,
    },
}

/// The state of a running worker.
pub(crate) struct Health {
    database: watch::Sender<Database>,
    lanes: Mutex<[LaneState; 2]>,
    /// Ready messages by lane; negative: not known.
    depth: [AtomicI64; 2],
    fatal: Mutex<Option<String>>,
    fatal_seen: CancellationToken,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            database: watch::Sender::new(Database::Away),
            lanes: Mutex::new([LaneState::Down; 2]),
            depth: [AtomicI64::new(-1), AtomicI64::new(-1)],
            fatal: Mutex::new(None),
            fatal_seen: CancellationToken::new(),
        }
    }
}

impl Health {
    /// Notes what a lane does.
    pub(crate) fn lane(&self, lane: QueueLane, state: LaneState) {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)[lane as usize] = state;
        let up = state == LaneState::Consuming;
        if !up {
            self.depth[lane as usize].store(-1, Ordering::Relaxed);
        }
        metrics::gauge!("onboarding_amqp_connected", "lane" => lane.as_str()).set(if up { 1.0 } else { 0.0 });
    }

    /// Notes how many messages are ready in a lane's queue.
    pub(crate) fn depth(&self, lane: QueueLane, ready: u32) {
        self.depth[lane as usize].store(i64::from(ready), Ordering::Relaxed);
        metrics::gauge!("onboarding_queue_ready", "lane" => lane.as_str()).set(f64::from(ready));
    }

    /// Ready messages in a lane's queue, while it is consumed.
    pub(crate) fn known_depth(&self, lane: QueueLane) -> Option<i64> {
        Some(self.depth[lane as usize].load(Ordering::Relaxed)).filter(|d| *d >= 0)
    }

    /// What a lane does.
    pub(crate) fn lane_state(&self, lane: QueueLane) -> LaneState {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)[lane as usize]
    }

    /// Ends the worker: only an operator can fix this.
    pub(crate) fn fatal(&self, what: String) {
        *self.fatal.lock().unwrap_or_else(PoisonError::into_inner) = Some(what);
        self.fatal_seen.cancel();
    }

    /// Waits for something that only an operator can fix.
    pub(crate) async fn wait_fatal(&self) -> String {
        self.fatal_seen.cancelled().await;
        self.fatal.lock().unwrap_or_else(PoisonError::into_inner).clone().unwrap_or_default()
    }

    /// Waits until the database can be worked with.
    pub(crate) async fn database_ready(&self) {
        let mut database = self.database.subscribe();
        // Err: this object is gone, and with it the worker.
        let _ = database.wait_for(|d| *d == Database::Ready).await;
    }

    /// Whether the worker can process events, and which dependency is missing. Twilio is not checked: its outage opens
    /// the breaker and must not take every worker out of rotation.
    pub(crate) fn ready(&self) -> (bool, Value) {
        let database = *self.database.borrow();
        let lanes = *self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let ready = database == Database::Ready && lanes.iter().all(|l| *l != LaneState::Down);
        let word = |lane: QueueLane| match lanes[lane as usize] {
            LaneState::Down => "not consuming: RabbitMQ cannot be reached".to_owned(),
            LaneState::Consuming => "consuming".to_owned(),
            LaneState::Held => "held: the breaker is open".to_owned(),
            LaneState::Pausing => "being paused: calls in flight come to their end".to_owned(),
            LaneState::Paused(None) => "paused until `worker resume`".to_owned(),
            LaneState::Paused(Some(end)) => {
                format!("paused until {}", end.to_rfc3339_opts(SecondsFormat::Secs, true))
            }
            LaneState::OutsideHours { window, until } => {
                format!("outside the window until {}", window.local(until))
            }
        };
        let details = json!({
            "ready": ready,
            "database": match database {
                Database::Away => "cannot be reached",
                Database::NotMigrated => "migrations are missing: run `worker migrate`",
                Database::ReadOnly => "may only be read: it is a standby, or was set read-only",
                Database::Ready => "ok",
            },
            "live_lane": word(QueueLane::Live),
            "backfill_lane": word(QueueLane::Backfill),
        });
        (ready, details)
    }

    /// Notes what Postgres is like.
    pub(crate) fn database(&self, seen: Database) {
        let changed = self.database.send_if_modified(|d| std::mem::replace(d, seen) != seen);
        match seen {
            Database::Away if changed => tracing::warn!("waiting for Postgres: it cannot be reached"),
            Database::NotMigrated if changed => {
                tracing::warn!("waiting for migrations: run `worker migrate`");
            }
            Database::ReadOnly if changed => {
                tracing::warn!("waiting for Postgres: it is a standby, or was set read-only");
            }
            Database::Ready if changed => tracing::info!("Postgres is ready"),
            _ => {}
        }
    }
}
