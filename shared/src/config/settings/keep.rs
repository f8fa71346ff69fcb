//! What `worker prune` forgets.

use super::{Section, Setting};

pub(super) const KEEP: Section = Section {
    headline: "What is forgotten",
    introduction: "`worker prune` deletes what is older; `0` keeps it for ever. Attempts, users, suppressions and the audit log are never\ndeleted.",
    settings: &[KEEP_DELIVERY_TRIES, KEEP_STATUS_CALLBACKS, KEEP_DEAD_LETTER_BODIES, KEEP_DAILY_BUDGET],
};

pub const KEEP_DELIVERY_TRIES: Setting =
    Setting::new("KEEP_DELIVERY_TRIES", "30d", "counts of redelivered messages");

pub const KEEP_STATUS_CALLBACKS: Setting = Setting::new(
    "KEEP_STATUS_CALLBACKS",
    "90d",
    "status callbacks as they came; what they changed stays in the attempt",
);

pub const KEEP_DEAD_LETTER_BODIES: Setting = Setting::new(
    "KEEP_DEAD_LETTER_BODIES",
    "90d",
    "body and headers of replayed dead letters, counted from the replay; the row stays",
);

pub const KEEP_DAILY_BUDGET: Setting = Setting::new("KEEP_DAILY_BUDGET", "400d", "messages claimed per day");
