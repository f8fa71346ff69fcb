//! One line of input: a signup, or the reason why it is none.

use producer::Signup;
use shared::event::{self, Kind, Rejected, SignedUpData};

/// Why a line is no signup. Shows nothing of its content.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoSignup {
    /// It breaks the contract.
    #[error(transparent)]
    Contract(#[from] Rejected),
    /// A valid event of another type.
    #[error("an event of another type; only signups are published here")]
    OtherEvent,
    /// Longer than any event may be.
    #[error("longer than {} bytes", crate::input::LONGEST_LINE)]
    TooLong,
    /// The CSV reader's words, or a file that cannot be read on.
    #[error("{0}")]
    Unreadable(String),
}

/// A numbered line.
pub(crate) struct Line {
    /// Counted from 1; none for the command line.
    pub(crate) number: Option<u64>,
    /// What it says.
    pub(crate) signup: Result<Signup, NoSignup>,
}

/// The `data` of the contract, or a full event.
pub(crate) fn of_json(text: &[u8]) -> Result<Signup, NoSignup> {
    match event::decode(text)?.kind {
        Kind::SignedUp(signup) => Ok(*signup),
        Kind::Stored(_) => Err(NoSignup::OtherEvent),
    }
}

/// Takes the way of every event, so that lengths and characters are held to the same rules.
pub(crate) fn of_data(data: &SignedUpData) -> Result<Signup, NoSignup> {
    // Strings and a closed enum: nothing in it can fail to serialise.
    of_json(&serde_json::to_vec(data).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_and_full_events_are_signups() {
        let bare = of_json(br#"{"user_id":7,"phone_number":9807969278,"note":1}"#).unwrap();
        assert_eq!((bare.user_id.as_str(), bare.phone.as_str()), ("7", "9807969278"));
        let full =
            br#"{"specversion":"1.0","id":"e","type":"np.aamcare.user.signed_up.v1","data":{"user_id":"8"}}"#;
        assert_eq!(of_json(full).unwrap().phone, "");
    }

    #[test]
    fn the_rest_is_refused_without_being_shown() {
        let stored =
            br#"{"specversion":"1.0","id":"e","type":"np.aamcare.user.backfill.v1","data":{"user_id":"8"}}"#;
        assert!(matches!(of_json(stored), Err(NoSignup::OtherEvent)));
        for bad in ["", "9807969278 x", r#"{"phone_number":"9807969278"}"#, r#"{"user_id":["9807969278"]}"#] {
            let text = of_json(bad.as_bytes()).unwrap_err().to_string();
            assert!(!text.contains("980"), "{text}");
        }
    }
}
