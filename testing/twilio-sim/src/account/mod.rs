//! The account and what belongs to it besides messages.

mod caller_ids;
mod geo;
mod profile;
mod senders;
mod services;

pub(crate) use caller_ids::caller_id;
pub(crate) use geo::geo_permissions;
pub(crate) use profile::account;
pub(crate) use senders::senders;
pub(crate) use services::service;
