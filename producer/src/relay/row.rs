//! A row of the outbox, and the event it becomes.

use chrono::{DateTime, Utc};
use shared::{
    amqp::Outgoing,
    events::{self, Kind, Rejected, SIGNED_UP},
    lane::Lane,
};
use uuid::Uuid;

/// `source` of an event made of bare data.
const SOURCE: &str = "/aamcare/portal";

/// A row that waits.
#[derive(sqlx::FromRow)]
pub(super) struct Row {
    pub(super) id: Uuid,
    #[sqlx(rename = "type")]
    pub(super) event_type: String,
    /// JSON, as Postgres writes it.
    pub(super) payload: String,
    pub(super) created_at: DateTime<Utc>,
    /// Failed ones.
    pub(super) attempts: i32,
}

/// Why a row can never be published as it is. Shows nothing of its content.
#[derive(Debug, thiserror::Error, PartialEq)]
pub(super) enum Unfit {
    #[error("type is not {SIGNED_UP}")]
    Type,
    #[error(transparent)]
    Contract(#[from] Rejected),
    #[error("payload is an event of another type than {SIGNED_UP}")]
    OtherEvent,
}

impl Row {
    /// A full event keeps id and time; bare data gets those of the row, the same at every repetition.
    pub(super) fn event(&self) -> Result<Outgoing, Unfit> {
        if self.event_type != SIGNED_UP {
            return Err(Unfit::Type);
        }
        let payload = self.payload.as_bytes();
        let event = events::decode(payload)?;
        let (id, body) = match (event.kind, event.id) {
            (Kind::Stored(_), _) => return Err(Unfit::OtherEvent),
            (Kind::SignedUp(_), Some(id)) => (id, payload.to_vec()),
            (Kind::SignedUp(signup), None) => {
                let id = self.id.to_string();
                let body = events::signed_up(&id, SOURCE, self.created_at, &signup);
                (id, body)
            }
        };
        // A full event need not have a time; then that of the row counts, however late it is relayed.
        Ok(Outgoing::verbatim(id, Lane::Live, SIGNED_UP, body, None).published_at(self.created_at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(event_type: &str, payload: &str) -> Row {
        let (id, created_at) = (Uuid::from_u128(7), DateTime::UNIX_EPOCH);
        Row { id, event_type: event_type.into(), payload: payload.into(), created_at, attempts: 0 }
    }

    #[test]
    fn the_id_is_the_events_or_the_rows() {
        let bare = row(SIGNED_UP, r#"{"user_id": 1042, "phone_number": "9849999998"}"#).event().unwrap();
        assert_eq!((bare.id, bare.lane), (Uuid::from_u128(7).to_string(), Lane::Live));
        let full = format!(
            r#"{{"id": "e", "data": {{"user_id": "8"}}, "type": "{SIGNED_UP}", "specversion": "1.0"}}"#
        );
        assert_eq!(row(SIGNED_UP, &full).event().unwrap().id, "e");
    }

    #[test]
    fn the_rest_is_unfit_without_being_shown() {
        let stored =
            r#"{"specversion":"1.0","id":"e","type":"np.aamcare.user.backfill.v1","data":{"user_id":"8"}}"#;
        assert_eq!(row(SIGNED_UP, stored).event().unwrap_err(), Unfit::OtherEvent);
        assert_eq!(row("signup", r#"{"user_id":"8"}"#).event().unwrap_err(), Unfit::Type);
        for bad in [r#""9807969278""#, r#"{"phone_number":"9807969278"}"#, r#"{"user_id":["9807969278"]}"#] {
            let text = row(SIGNED_UP, bad).event().unwrap_err().to_string();
            assert!(!text.contains("980"), "{text}");
        }
    }
}
