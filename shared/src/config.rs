//! Configuration from the environment. All faults are reported at once, each with what to do.

mod address;
mod broker;
mod database;
mod env;
mod faults;
mod host;
mod page;
mod setting;
pub mod settings;

pub use address::{any_base_url, base_url};
pub use broker::{AmqpUrl, Broker, Namespace};
pub use database::DatabaseUrl;
pub use env::Env;
pub use faults::{Fault, Faults};
pub use host::{Insecure, insecure_allowed, is_loopback};
pub use page::page;
pub use setting::Setting;

#[cfg(test)]
mod tests;
