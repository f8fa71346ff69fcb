//! Publishes events about users of the portal: their signups, changes of them, and users that are stored already.
//!
//! A portal written in Rust uses [`Producer`], or writes to an outbox that [`relay::run`] publishes. Other portals
//! use the programs `signup`, `import` and `backfill` of this crate, or any AMQP client that follows the published
//! contract.
//!
//! The feature `cli` builds the programs. It is on by default, so that `cargo build` and `cargo install` give them
//! without an option. A portal that only publishes depends on the crate with `default-features = false` and gets no
//! parser of command lines, no CSV, no progress bars and no Prometheus exporter.
//!
//! ```no_run
//! # async fn on_signup() -> Result<(), Box<dyn std::error::Error>> {
//! use producer::{Producer, Signup, UserId, broker_of_process};
//!
//! let producer = Producer::connect(broker_of_process()?).await?;
//! let signup = Signup {
//!     language: Some("ne".into()),
//!     ..Signup::new(UserId::parse("1042")?, "९८०-०००००००".into())
//! };
//! let confirmed = producer.signed_up(&signup).await?;
//! println!("stored by the broker as {}", confirmed.event_id);
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "cli")]
pub mod cli;
mod connection;
mod publish;
pub mod relay;

pub use publish::{Confirmed, Producer, broker_of_process};
pub use shared::{
    amqp::{PeopleEvent, PublishError, Route, StartError},
    config::{Broker, Faults},
    domain::{
        BadConsents, BadDate, BadText, BadUserId, BoundedText, Cadence, CalendarDate, Change, Consent,
        ConsentAction, ConsentChannel, Consents, HouseholdId, ProfileChange, Purpose, TimeZone, TipsHour,
        UserId,
    },
    events::{ConsentChanged, Dropped, ProfileChanged, ReportedBy, Signup, UserKind},
};
