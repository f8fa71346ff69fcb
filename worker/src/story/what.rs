//! Timeline events as text.

use std::fmt;

use serde::{Serialize, Serializer};
use uuid::Uuid;

/// The channel that goes without saying.
pub(crate) const SMS: &str = "sms";

/// Something that happened. Printed in English; the dashboard has it in Nepali, too. The text of what a user wrote does not say
/// how it was understood: a loss must look like anything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    SignedUp,
    Stored { source: String },
    Queued { lane: String },
    Registered { method: String },
    Suppressed,
    Due { retries: i32 },
    Claimed { id: Uuid, language: String, channel: String, fallback_of: Option<Uuid> },
    Ended { id: Uuid, outcome: String, sid: Option<String>, status: Option<String>, checks: i16 },
    Asked { id: Uuid },
    Parked { id: Uuid },
    Reopened { id: Uuid },
    Callback { status: String },
    Stated,
    Wrote { channel: String, class: Option<String> },
    Replied { channel: String, state: String },
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            What::SignedUp => f.write_str("signed up"),
            What::Stored { source } => write!(f, "stored here (from {source})"),
            What::Queued { lane } => write!(f, "last seen in a queue ({lane} lane)"),
            What::Registered { method } => write!(f, "registered (method {method})"),
            What::Suppressed => f.write_str("number suppressed: it is not texted"),
            What::Due { retries } => write!(f, "next attempt is due, {retries} retries so far"),
            What::Claimed { id, language, channel, fallback_of } => {
                write!(f, "attempt {id}: claimed, in {language}")?;
                if channel != SMS {
                    write!(f, ", by {channel}")?;
                }
                match fallback_of {
                    Some(first) => write!(f, ", by {channel} in place of attempt {first}"),
                    None => Ok(()),
                }
            }
            What::Ended { id, outcome, sid, status, checks } => {
                write!(f, "attempt {id}: {outcome}")?;
                if let Some(sid) = sid {
                    write!(f, " as {sid}")?;
                }
                if let Some(status) = status {
                    write!(f, ", last status {status}")?;
                }
                if *checks > 0 {
                    write!(f, ", asked for {checks} times")?;
                }
                Ok(())
            }
            What::Asked { id } => write!(f, "attempt {id}: Twilio is asked about it"),
            What::Parked { id } => {
                write!(f, "attempt {id}: parked, a person decides: `worker unknown list`")
            }
            What::Reopened { id } => write!(f, "attempt {id}: another one was allowed"),
            What::Callback { status } => write!(f, "callback: {status}"),
            What::Stated => f.write_str("the reason of her state"),
            What::Wrote { channel, .. } => write!(f, "they wrote, by {channel}"),
            What::Replied { channel, state } => write!(f, "reply by {channel}: {state}"),
        }
    }
}

impl Serialize for What {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
