//! How fast.

use super::{Section, Setting};

pub(super) const PACE: Section = Section {
    headline: "How fast",
    introduction: "",
    settings: &[WORKER_CONCURRENCY, SEND_RATE, BACKFILL_WINDOW, MAX_MESSAGES_PER_DAY],
};

pub const WORKER_CONCURRENCY: Setting = Setting::new(
    "WORKER_CONCURRENCY",
    "10",
    "Twilio calls in flight per worker at most, 1 to 4096; fewer while Twilio answers 429 or takes far longer than usual",
);

pub const SEND_RATE: Setting = Setting::new(
    "SEND_RATE",
    "10",
    "message segments per second of all workers together; 0: unlimited. Set it alike for all of them",
);

pub const BACKFILL_WINDOW: Setting = Setting::new(
    "BACKFILL_WINDOW",
    "08:00-20:00 Asia/Kathmandu",
    "hours in which stored users are welcomed, so that no shared phone lights up at night; outside them the backfill lane waits. Live signups are always welcomed. Set and empty: always",
);

pub const MAX_MESSAGES_PER_DAY: Setting = Setting::new(
    "MAX_MESSAGES_PER_DAY",
    "0",
    "messages of all workers together per day of Asia/Kathmandu; reaching it holds everything until midnight; 0: off",
);
