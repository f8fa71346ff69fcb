//! Every setting of our programs: the one table behind `docs/configuration.md`, the defaults and the texts of faults.
#![expect(missing_docs, reason = "each setting says itself what it is for")]

mod audience;
mod dashboard;
mod keep;
mod pace;
mod places;
mod retries;
mod running;
mod twilio;

pub use audience::*;
pub use dashboard::*;
pub use keep::*;
pub use pace::*;
pub use places::*;
pub use retries::*;
pub use running::*;
pub use twilio::*;

use super::Setting;

/// A part of the page.
pub(super) struct Section {
    pub(super) headline: &'static str,
    pub(super) introduction: &'static str,
    pub(super) settings: &'static [Setting],
}

/// All of them, in the order of the page.
pub(super) const SECTIONS: [Section; 8] = [
    places::WHERE,
    twilio::TWILIO,
    audience::AUDIENCE,
    pace::PACE,
    retries::RETRIES,
    keep::KEEP,
    dashboard::DASHBOARD,
    running::RUNNING,
];
