//! Configuration from the environment. All faults are reported together, each with the correction.

mod address;
mod broker;
mod consent;
mod database;
mod env;
mod host;
mod people_limit;
mod setting;
pub mod settings;

pub use address::{any_base_url, base_url};
pub use broker::{AmqpUrl, Broker, Namespace};
pub use consent::consent_required;
pub use database::DatabaseUrl;
pub use env::{Env, Fault, Faults};
pub use host::{Insecure, insecure_allowed, is_loopback};
pub use people_limit::people_limit;
pub use setting::Setting;
pub use settings::page;

#[cfg(test)]
mod tests;
