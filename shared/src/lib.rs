//! What worker and producer share: the domain of Aamcare onboarding, events, phone numbers, message texts, and the
//! clients of RabbitMQ and Postgres. It contains no HTTP. The feature `cli` adds what command lines share.

pub mod amqp;
pub mod audit;
#[cfg(feature = "cli")]
pub mod cli;
pub mod config;
pub mod consent;
pub mod db;
pub mod domain;
pub mod erasure;
pub mod events;
pub mod events_out;
pub mod json;
pub mod lane;
pub mod lines;
pub mod phone;
#[cfg(test)]
mod repository;
pub mod secret_key;
pub mod spreadsheet;
pub mod telemetry;
pub mod templates;
pub mod time;
pub mod window;
pub mod words;
