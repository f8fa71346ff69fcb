//! Twilio: creating messages and judging how that ended, Lookup, listing, error codes, webhook signatures.

mod answer;
mod claimed_body;
mod class;
mod classify;
mod client;
mod codes;
mod create;
mod credentials;
mod endpoints;
mod fault;
mod fetch;
mod list;
mod lookup;
mod loose;
mod meter;
mod read;
mod record;
mod retry_after;
mod sid;
mod signature;
mod signed_url;
mod status;

#[cfg(test)]
mod tests;

pub(crate) use class::{Class, FaultScope};
pub(crate) use classify::{classify_create, classify_status};
pub(crate) use client::{Client, ClientConfig, ClientError};
pub(crate) use codes::{class_of, explain};
pub(crate) use create::{CreateMessage, CreateOutcome, Sender};
pub(crate) use credentials::{Credentials, CredentialsError};
pub(crate) use fault::{PathFault, ReadFault, UnknownCause};
pub(crate) use fetch::{Preflight, ServiceRecord};
pub(crate) use lookup::{LookupError, LookupOutcome};
pub(crate) use meter::error_code as count_error_code;
pub(crate) use record::MessageRecord;
pub(crate) use sid::{AccountSid, MessageSid, ServiceSid, SidError};
pub(crate) use signature::SignatureValidator;
pub(crate) use status::MessageStatus;
