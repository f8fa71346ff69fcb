//! The ledger: requests, accepted messages, their rates and their recipients. It detects duplicates.

mod archive;
mod book;
mod callback_log;
mod file;
mod inbox;
mod numbers;
mod people;
mod rate;
mod requests;
mod stats;
mod timeline;

pub(crate) use book::Book;
pub use callback_log::{CallbackRecord, CallbackResult};
pub use file::LedgerFileError;
pub use stats::{ChannelStats, DayStats, NumberStats, PeakStats, Peaks, Stats};
pub use timeline::Timeline;

pub(crate) use inbox::InboundFilter;
pub(crate) use stats::{DayDetail, StatsDetail};

/// Locks a mutex whose data stays usable after a panic elsewhere.
fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
