//! The fault harness: starts the real binaries against real services, breaks what lies between them, and
//! judges the end by Postgres and by the simulator's ledger.
//!
//! A [`Stage`] is one scenario's world: its own database, its own names on the broker, its own simulator, a
//! [`Relay`] before each of them, and any number of workers. [`Stage::finish`] runs the checks that hold after
//! every scenario.

mod binary;
mod broker;
mod checker;
mod database;
mod decree;
mod event;
mod ledger;
mod letters;
mod number;
mod outcome;
mod patience;
mod process;
mod pump;
mod relay;
mod report;
mod roads;
mod rounds;
mod seed;
mod services;
mod settings;
mod simulator;
mod stage;
mod worker;

pub use binary::binary;
pub use broker::Broker;
pub use checker::Expect;
pub use database::Database;
pub use decree::Direction;
pub use event::EventBody;
pub use ledger::{Ledger, Sent};
pub use letters::Letter;
pub use number::number;
pub use outcome::Outcome;
pub use patience::{Look, PATIENCE, until};
pub use process::{Process, Signal};
pub use relay::Relay;
pub use roads::Roads;
pub use rounds::rounds;
pub use seed::seed;
pub use services::{amqp_url, database_url};
pub use simulator::Simulator;
pub use stage::{Plan, Stage};
pub use worker::Worker;
