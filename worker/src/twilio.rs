//! Twilio: creating messages and judging how that ended, Lookup, listing, templates, error codes, webhook signatures.

mod account;
mod answer;
mod claimed_body;
mod class;
mod classify;
mod client;
mod client_config;
mod codes;
mod contents;
mod create;
mod credentials;
mod endpoints;
mod fault;
mod fetch;
mod list;
mod lookup;
mod loose;
mod media;
mod media_store;
mod meter;
mod pace;
mod public_address;
mod read;
mod record;
mod redact;
mod retry_after;
mod senders;
mod sid;
mod signature;
mod signed_url;
mod status;

#[cfg(test)]
pub(crate) mod stand_in;
#[cfg(test)]
mod tests;

pub(crate) use account::AccountStatus;
pub(crate) use class::{Absence, Class, FaultScope};
#[cfg(test)]
pub(crate) use classify::classify_create;
pub(crate) use classify::{classify_status, is_unlisted_channel_code};
pub(crate) use client::Client;
pub(crate) use client_config::ClientConfig;
pub(crate) use codes::{allows_fallback, explain, explain_in_nepali, is_of_people, is_of_rate};
pub(crate) use contents::{ContentRecord, WalkFault};
pub(crate) use create::{CreateMessage, CreateOutcome, Sender};
pub(crate) use credentials::Credentials;
#[cfg(test)]
pub(crate) use fault::PathFault;
pub(crate) use fault::ReadFault;
pub(crate) use fault::UnknownCause;
pub(crate) use fetch::Preflight;
pub(crate) use list::Listing;
pub(crate) use lookup::LookupOutcome;
pub(crate) use media::{MediaFault, MediaStream};
pub(crate) use meter::error_code as count_error_code;
pub(crate) use pace::Pace;
pub(crate) use record::MessageRecord;
pub(crate) use senders::{WhatsappSender, is_sandbox};
pub(crate) use sid::{MessageSid, ServiceSid};
pub(crate) use signature::{SignatureValidator, sign_form};
pub(crate) use status::MessageStatus;

/// Before a number in an address of WhatsApp.
pub(crate) const WHATSAPP_PREFIX: &str = "whatsapp:";
