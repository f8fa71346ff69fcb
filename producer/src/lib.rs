//! Tells the onboarding system about users: the portal's own signups, and those it has stored.
//!
//! A portal written in Rust uses [`Producer`]; everybody else the commands `signup`, `import` and
//! `backfill` of this crate, or any AMQP client that follows the published contract.
//!
//! ```no_run
//! # async fn on_signup() -> Result<(), Box<dyn std::error::Error>> {
//! use producer::{Producer, Signup, UserId, broker_of_process};
//!
//! let producer = Producer::connect(broker_of_process()?).await?;
//! let signup = Signup {
//!     user_id: UserId::parse("1042")?,
//!     phone: "९८०-०००००००".into(),
//!     country_hint: None,
//!     language: Some("ne".into()),
//!     channel: None,
//!     user_kind: None,
//!     display_name: None,
//! };
//! let confirmed = producer.signed_up(&signup).await?;
//! println!("stored by the broker as {}", confirmed.event_id);
//! # Ok(())
//! # }
//! ```

pub mod beginning;
pub mod bounded;
pub mod command;
pub mod formula;
mod publish;
pub mod relay;

pub use publish::{Confirmed, Producer, broker_of_process};
pub use shared::{
    amqp::{PublishError, StartError},
    config::Broker,
    domain::{BadUserId, UserId},
    events::{Signup, UserKind},
};
