//! The fault harness: starts the real binaries against real services, breaks what lies between them, and
//! judges the end by Postgres and by the simulator's ledger.
//!
//! A [`Stage`] is one scenario's world: its own database, its own names on the broker, its own simulator, a
//! [`Relay`] before each of them, and any number of workers. [`Stage::finish`] runs the checks that hold after
//! every scenario.

mod binary;
mod broker;
mod checker;
mod clock;
mod collector;
mod database;
mod decree;
mod event;
mod injected;
mod instance;
mod ledger;
mod letters;
mod measured;
mod number;
mod outcome;
mod patience;
mod plan;
mod process;
mod programs;
mod progress;
mod prometheus;
mod promtool;
mod pump;
mod queries;
mod raw_publisher;
mod relay;
mod release;
mod report;
mod roads;
mod room;
mod rounds;
mod scrape;
mod seed;
mod services;
mod settings;
mod signature;
mod simulator;
mod skipped;
mod stage;
mod worker;

pub use binary::binary;
pub use broker::Broker;
pub use checker::Expect;
pub use clock::FastClock;
pub use collector::{Collector, attribute, hex, texts};
pub use database::Database;
pub use decree::Direction;
pub use event::EventBody;
pub use injected::injected;
pub use instance::{PrivateBroker, PrivatePostgres};
pub use ledger::{Ledger, Sent};
pub use letters::Letter;
pub use number::number;
pub use outcome::Outcome;
pub use patience::{Look, PATIENCE, until};
pub use plan::Plan;
pub use process::{Process, Signal};
pub use prometheus::{Prometheus, free_address};
pub use promtool::{promtool, rules};
pub use queries::{Query, alerts, dashboards};
pub use raw_publisher::{RawPublisher, header, nested, short_property};
pub use relay::Relay;
pub use release::{Release, first_worker};
pub use report::resumed;
pub use roads::Roads;
pub use rounds::{full, rounds};
pub use scrape::{Sample, samples};
pub use seed::seed;
pub use services::{amqp_url, database_url};
pub use signature::signature;
pub use simulator::Simulator;
pub use skipped::skip;
pub use stage::Stage;
pub use worker::Worker;
