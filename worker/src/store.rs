//! Everything the worker asks of Postgres, one module per concern.

pub(crate) mod admin_sessions;
pub(crate) mod admission;
pub(crate) mod attempts;
pub(crate) mod audit;
pub(crate) mod backfill_runs;
pub(crate) mod batch;
pub(crate) mod breaker;
pub(crate) mod budget;
pub(crate) mod calendar;
pub(crate) mod callbacks;
pub(crate) mod census;
pub(crate) mod channel_faults;
pub(crate) mod claim;
pub(crate) mod contents;
pub(crate) mod counts;
pub(crate) mod dead_letters;
pub(crate) mod ended;
pub(crate) mod erasures;
pub(crate) mod events_out;
pub(crate) mod history;
pub(crate) mod leases;
pub(crate) mod message_claim;
pub(crate) mod messages;
pub(crate) mod migrate;
pub(crate) mod needs_review;
mod number;
pub(crate) mod outcome;
pub(crate) mod pauses;
pub(crate) mod people;
pub(crate) mod person_data;
pub(crate) mod person_messages;
pub(crate) mod poll;
pub(crate) mod positions;
pub(crate) mod profiles;
pub(crate) mod prune;
pub(crate) mod record;
pub(crate) mod recover;
pub(crate) mod redactions;
pub(crate) mod reopen;
pub(crate) mod reported;
pub(crate) mod seals;
pub(crate) mod send_rate;
pub(crate) mod sent;
pub(crate) mod server;
pub(crate) mod staff_acts;
pub(crate) mod stop_links;
pub(crate) mod stored_state;
pub(crate) mod suppressions;
pub(crate) mod sweep;
mod take_back;
pub(crate) mod templates;
pub(crate) mod timeline;
pub(crate) mod tries;
pub(crate) mod unblocked_numbers;
pub(crate) mod unknown;
pub(crate) mod whatsapp_pace;
pub(crate) mod whatsapp_sender;

pub(crate) mod fallback_claim;
pub(crate) mod fallbacks;
#[cfg(test)]
pub(crate) mod fixtures;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod world;
