//! The real binaries against real services. Build them first: `cargo build -p worker -p producer -p twilio-sim`.

mod admin;
mod bad_input;
mod crashes;
mod dashboard;
mod failpoints;
mod inbox;
mod inspect;
mod observe;
mod people;
mod pipeline;
mod rate;
mod transcripts;
mod whatsapp;
