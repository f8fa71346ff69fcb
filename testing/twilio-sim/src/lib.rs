//! A simulator of the parts of the Twilio API that onboarding uses, with faults and a ledger.
//!
//! All products (core, Lookup, Messaging, Content) answer on one port. See the README for the faults and for
//! the control endpoints below `/_sim/`. In a test:
//!
//! ```
//! use twilio_sim::{Action, Operation, Options, Rule, Simulator};
//!
//! let simulator = Simulator::start(Options::default())?;
//! simulator.set_faults([Rule::new(Action::Reset { store: true }).on(Operation::Create).count(1)]);
//! assert!(simulator.url().starts_with("http://127.0.0.1:"));
//! assert_eq!(simulator.ledger().stats().duplicates, 0);
//! # Ok::<(), twilio_sim::StartError>(())
//! ```

mod account;
mod admin;
mod api_error;
mod app;
mod auth;
mod callbacks;
mod channel;
mod content;
mod faults;
mod form;
mod inbound;
mod ledger;
mod lookup;
mod messages;
mod meta_page;
mod options;
mod phones;
mod random;
mod recipient;
mod segments;
mod server;
mod sid;
mod signature;
mod simulator;
mod time;
mod whatsapp;

pub use channel::Channel;
pub use faults::{Action, Actions, FailedStatus, Operation, PlainBody, Rule, RuleState};
pub use ledger::{
    CallbackRecord, CallbackResult, ChannelStats, DayStats, LedgerFileError, NumberStats, PeakStats, Peaks,
    Stats, Timeline,
};
pub use messages::{MessageView, SubresourceUris};
pub use options::{ApiKey, NotAPair, Options};
pub use signature::sign;
pub use simulator::{Ledger, Simulator, StartError};
pub use whatsapp::{NotASender, WhatsAppSender};
