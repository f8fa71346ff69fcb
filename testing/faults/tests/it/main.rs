//! The real binaries against real services. Build them first: `cargo build -p worker -p twilio-sim`.

mod bad_input;
mod crashes;
mod failpoints;
mod people;
mod pipeline;
