//! The fault harness: starts the real binaries against real services, breaks what lies between them, and
//! judges the end by Postgres and by the simulator's ledger.
//!
//! A [`TestEnv`] is one scenario's world: its own database, its own names on the broker, its own simulator, a
//! [`Proxy`] before each of them, and any number of workers. [`TestEnv::finish`] runs the checks that hold after
//! every scenario.

mod binary;
mod broker;
mod clock;
mod collector;
mod command_env;
mod database;
mod dead_letter;
mod event;
mod injected;
mod instance;
mod ledger;
mod measured;
mod number;
mod outcome;
mod patience;
mod process;
mod progress;
mod prometheus;
mod promtool;
mod proxies;
mod proxy;
mod queries;
mod raw_publisher;
mod release;
mod report;
mod room;
mod rounds;
mod scrape;
mod seed;
mod services;
mod signature;
mod simulator;
mod skipped;
mod template;
mod test_env;
mod truth;
mod worker;

pub use binary::binary;
pub use broker::Broker;
pub use clock::FastClock;
pub use collector::{Collector, attribute, hex, texts};
pub use command_env::{Command, CommandEnv, Ended, Program, Running};
pub use database::Database;
pub use dead_letter::DeadLetter;
pub use event::EventBody;
pub use injected::injected;
pub use instance::{PrivateBroker, PrivatePostgres};
pub use ledger::{Ledger, Sent};
pub use number::number;
pub use outcome::Outcome;
pub use patience::{Look, PATIENCE, until};
pub use process::{Process, Signal};
pub use prometheus::{Prometheus, free_address};
pub use promtool::{promtool, rules};
pub use proxies::Proxies;
pub use proxy::{Direction, Proxy};
pub use queries::{Query, alerts, dashboards};
pub use raw_publisher::{RawPublisher, header, nested, short_property};
pub use release::{Release, first_worker};
pub use report::resumed;
pub use rounds::{full, rounds};
pub use scrape::{Sample, samples};
pub use seed::seed;
pub use services::{amqp_url, database_url};
pub use signature::signature;
pub use simulator::Simulator;
pub use skipped::skip;
pub use template::create_migrated;
pub use test_env::{Expect, TestEnv, TestEnvBuilder};
pub use truth::{Truth, textable_numbers};
pub use worker::Worker;
