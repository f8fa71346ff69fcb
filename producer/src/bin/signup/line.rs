//! One line of input: a signup or a full event, or the reason to reject it.

use producer::{Route, Signup, UserId, cli::formula};
use shared::events::{self, Kind, Rejected, SignedUpData};
use tokio::sync::mpsc;

/// Why a line is rejected. It shows nothing of the content.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadLine {
    /// It breaks the contract.
    #[error(transparent)]
    Contract(#[from] Rejected),
    /// A valid event of another type.
    #[error("an event of another type; `signup` publishes signups and events about people")]
    OtherEvent,
    /// Longer than any event may be.
    #[error("longer than {} bytes", producer::cli::LONGEST_RECORD)]
    TooLong,
    /// The line or the rest of the input cannot be read.
    #[error("{0}")]
    Unreadable(String),
}

/// The event to publish.
#[cfg_attr(test, derive(Debug))]
pub(crate) enum Entry {
    /// Bare data. It becomes an event with a new id and the current time.
    Signup(Signup),
    /// A full event, published unchanged. The worker compares its time with the stored data.
    Event {
        /// The id of the event.
        id: String,
        /// The route of its type.
        route: Route,
        /// The event without surrounding white space.
        body: Vec<u8>,
    },
}

/// The sender of parsed lines.
pub(crate) type Sink = mpsc::Sender<Line>;

/// A numbered line.
pub(crate) struct Line {
    /// The line number, from 1. None for the command line.
    pub(crate) number: Option<u64>,
    /// The parsed line.
    pub(crate) entry: Result<Entry, BadLine>,
}

/// The `data` of the contract, or a full event.
pub(crate) fn of_json(text: &[u8]) -> Result<Entry, BadLine> {
    let event = events::decode(text)?;
    let route = Route::of_kind(&event.kind);
    match (event.kind, event.id) {
        (Kind::Stored(_), _) => Err(BadLine::OtherEvent),
        (_, Some(id)) => Ok(Entry::Event { id, route, body: text.trim_ascii().to_vec() }),
        (Kind::SignedUp(signup), None) => Ok(Entry::Signup(without_formulas(*signup)?)),
        // Unreachable: only a signup may be bare data.
        (_, None) => Err(BadLine::OtherEvent),
    }
}

/// Bare data may come from a spreadsheet: `="1042"` is the id 1042.
fn without_formulas(signup: Signup) -> Result<Signup, BadLine> {
    let text = |text: Option<String>| text.map(formula::owned_text);
    let user_id = match formula::text(signup.user_id.as_str()) {
        text if text == signup.user_id.as_str() => signup.user_id,
        text => UserId::parse(&text).map_err(|why| Rejected::Schema(why.to_string()))?,
    };
    Ok(Signup {
        user_id,
        phone: formula::owned_text(signup.phone),
        country_hint: text(signup.country_hint),
        language: text(signup.language),
        channel: text(signup.channel),
        user_kind: signup.user_kind,
        display_name: text(signup.display_name),
        ..signup
    })
}

/// Decodes `data` like an event, so that the same limits apply.
pub(crate) fn of_data(data: &SignedUpData) -> Result<Signup, BadLine> {
    // Strings and a closed enum: nothing in it can fail to serialise.
    match of_json(&serde_json::to_vec(data).unwrap_or_default())? {
        Entry::Signup(signup) => Ok(signup),
        // Unreachable: the text is bare data.
        Entry::Event { .. } => Err(BadLine::OtherEvent),
    }
}

#[cfg(test)]
mod tests {
    use producer::PeopleEvent;
    use shared::lane::QueueLane;

    use super::*;

    #[test]
    fn data_becomes_a_signup_and_a_full_event_stays_as_it_is() {
        let bare = of_json(br#"{"user_id":7,"phone_number":9807969278,"note":1}"#).unwrap();
        let Entry::Signup(signup) = bare else { panic!("{bare:?}") };
        assert_eq!((signup.user_id.as_str(), signup.phone.as_str()), ("7", "9807969278"));
        let full = r#"{"specversion":"1.0", "id":"e","x":1, "type":"np.aamcare.user.signed_up.v1","data":{"user_id":"8"}}"#;
        let read = of_json(format!("{full}\r").as_bytes()).unwrap();
        let Entry::Event { id, route, body } = read else { panic!("{read:?}") };
        assert_eq!((id.as_str(), body.as_slice()), ("e", full.as_bytes()));
        assert_eq!(route, Route::Lane(QueueLane::Live));
    }

    #[test]
    fn a_full_event_about_people_has_the_route_of_its_type() {
        let data = r#"{"user_id":"8","consents":[{"purpose":"tips","channel":"any","action":"withdraw"}]}"#;
        for event in PeopleEvent::ALL {
            let event_type = event.event_type();
            let full = format!(r#"{{"specversion":"1.0","id":"e","type":"{event_type}","data":{data}}}"#);
            let read = of_json(full.as_bytes()).unwrap();
            assert!(
                matches!(read, Entry::Event { route: Route::People(found), .. } if found == event),
                "{read:?}"
            );
        }
    }

    #[test]
    fn bare_data_may_hold_the_formulas_of_a_spreadsheet() {
        let read = of_json(br#"{"user_id":"=\"1042\"","phone_number":"=\"9841234512\""}"#).unwrap();
        let Entry::Signup(signup) = read else { panic!("{read:?}") };
        assert_eq!((signup.user_id.as_str(), signup.phone.as_str()), ("1042", "9841234512"));
        let empty = of_json(br#"{"user_id":"=\"\"","phone_number":"9841234512"}"#).unwrap_err().to_string();
        assert!(empty.contains("user_id is empty") && !empty.contains("984"), "{empty}");
    }

    #[test]
    fn other_lines_are_refused_without_showing_their_content() {
        let stored =
            br#"{"specversion":"1.0","id":"e","type":"np.aamcare.user.backfill.v1","data":{"user_id":"8"}}"#;
        assert!(matches!(of_json(stored), Err(BadLine::OtherEvent)));
        for bad in ["", "9807969278 x", r#"{"phone_number":"9807969278"}"#, r#"{"user_id":["9807969278"]}"#] {
            let text = of_json(bad.as_bytes()).unwrap_err().to_string();
            assert!(!text.contains("980"), "{text}");
        }
    }
}
