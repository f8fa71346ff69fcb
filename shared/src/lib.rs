//! The domain of Aamcare onboarding: events, phone numbers, states and the message catalogue, and the
//! broker and database they travel through. Knows neither HTTP nor the command line.

pub mod amqp;
pub mod audit;
pub mod config;
pub mod db;
pub mod domain;
pub mod events;
pub mod json;
pub mod lane;
pub mod lines;
pub mod phone;
#[cfg(test)]
mod repository;
pub mod spreadsheet;
pub mod telemetry;
pub mod templates;
pub mod time;
pub mod window;
