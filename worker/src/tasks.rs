//! Periodic tasks. A task is one file with one `step`, and one line in `app.rs` that starts it.

pub(crate) mod census;
pub(crate) mod database_watch;
pub(crate) mod dispatcher;
pub(crate) mod driver;
pub(crate) mod eraser;
pub(crate) mod events_out;
pub(crate) mod fallbacks;
pub(crate) mod follow_breaker;
pub(crate) mod follow_calendar;
pub(crate) mod follow_pauses;
pub(crate) mod follow_templates;
pub(crate) mod history;
pub(crate) mod inbound_search;
pub(crate) mod inbox;
pub(crate) mod partitions;
pub(crate) mod poller;
pub(crate) mod probe;
pub(crate) mod reconciler;
pub(crate) mod recorder_upkeep;
pub(crate) mod redactor;
pub(crate) mod retention;
pub(crate) mod sealer;
pub(crate) mod sweeper;
pub(crate) mod template_sync;
pub(crate) mod unblocked_numbers;
pub(crate) mod whatsapp_limit;
