//! Table `onboarding_outbox`: its rows, the events they become, and the statements on it. The statements are not
//! checked at compile time: the table is the portal's and not part of our schema.

use chrono::{DateTime, Utc};
use shared::{
    amqp::{Outgoing, Route},
    events::{self, BACKFILL, Kind, Rejected, TYPES},
};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::error::Error;

/// `source` of an event made of bare data.
const SOURCE: &str = "/aamcare/portal";

/// A waiting row.
#[derive(sqlx::FromRow)]
pub(super) struct Row {
    pub(super) id: Uuid,
    #[sqlx(rename = "type")]
    pub(super) event_type: String,
    /// The payload as JSON text.
    pub(super) payload: String,
    pub(super) created_at: DateTime<Utc>,
    /// Failed attempts.
    pub(super) attempts: i32,
}

/// Why a row cannot be published as it is. It shows nothing of the content.
#[derive(Debug, thiserror::Error, PartialEq)]
pub(super) enum InvalidRow {
    #[error("type is not one of {}", published_types())]
    Type,
    #[error(transparent)]
    Contract(#[from] Rejected),
    #[error("payload is an event of another type than the row")]
    OtherEvent,
    #[error("payload is not a full event, which a row of this type needs")]
    BareData,
}

/// The types that a row may have. Backfill events come from the command `backfill` alone.
fn published_types() -> String {
    TYPES.into_iter().filter(|event_type| *event_type != BACKFILL).collect::<Vec<_>>().join(", ")
}

impl Row {
    /// The event of the row. A full event keeps its id and time. Bare data of a signup gets those of the row, the same in
    /// every attempt.
    pub(super) fn event(&self) -> Result<Outgoing, InvalidRow> {
        let route = Route::of_type(&self.event_type).filter(|_| self.event_type != BACKFILL);
        let route = route.ok_or(InvalidRow::Type)?;
        let payload = self.payload.as_bytes();
        let event = events::decode(payload)?;
        let other = Route::of_kind(&event.kind) != route;
        let (id, body) = match (event.kind, event.id) {
            // A bare object is read as a signup, whatever the type of the row.
            (_, None) if other => return Err(InvalidRow::BareData),
            (_, Some(_)) if other => return Err(InvalidRow::OtherEvent),
            (Kind::SignedUp(signup), None) => {
                let id = self.id.to_string();
                let body = events::signed_up(&id, SOURCE, self.created_at, &signup);
                (id, body)
            }
            (_, Some(id)) => (id, payload.to_vec()),
            // Unreachable: only a signup may be bare data.
            (_, None) => return Err(InvalidRow::BareData),
        };
        // Without a time of the event the time of the row counts, however late it is relayed.
        Ok(Outgoing::verbatim(id, route, body, None).published_at(self.created_at))
    }
}

/// Fails if the table is missing or may not be read.
pub(super) async fn check(pool: &PgPool) -> Result<(), Error> {
    let probe = "SELECT id, seq, type, payload, created_at, published_at, attempts, last_error
                 FROM onboarding_outbox LIMIT 0";
    match sqlx::query(probe).execute(pool).await {
        Ok(_) => Ok(()),
        // Class 42: the table or a column is missing, or access is denied (PostgreSQL docs, appendix A).
        Err(sqlx::Error::Database(error)) if error.code().is_some_and(|code| code.starts_with("42")) => {
            Err(Error::NoTable(format!(
                "the database at OUTBOX_DATABASE_URL has no usable table onboarding_outbox: {}. Create it from \
                 `signup outbox-ddl`, and grant this role SELECT, UPDATE and DELETE on it",
                error.message()
            )))
        }
        Err(error) => Err(Error::Database(error)),
    }
}

/// Locks the first waiting rows in order, except `paused` ones and those of another relay.
pub(super) async fn next(
    connection: &mut PgConnection,
    paused: &[Uuid],
    limit: i64,
) -> Result<Vec<Row>, sqlx::Error> {
    sqlx::query_as(
        "SELECT id, type, payload::text AS payload, created_at, attempts
         FROM onboarding_outbox
         WHERE published_at IS NULL AND id <> ALL ($1)
         ORDER BY seq LIMIT $2
         FOR UPDATE SKIP LOCKED",
    )
    .bind(paused)
    .bind(limit)
    .fetch_all(connection)
    .await
}

pub(super) async fn mark_published(connection: &mut PgConnection, rows: &[Uuid]) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE onboarding_outbox SET published_at = clock_timestamp(), last_error = NULL WHERE id = ANY ($1)",
    )
    .bind(rows)
    .execute(connection)
    .await
    .map(|_| ())
}

/// Counts a failed attempt and stores the reason, `errors[n]` for `rows[n]`.
pub(super) async fn mark_failed(
    connection: &mut PgConnection,
    rows: &[Uuid],
    errors: &[String],
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE onboarding_outbox o SET attempts = o.attempts + 1, last_error = f.error
         FROM unnest($1::uuid[], $2::text[]) AS f (id, error) WHERE o.id = f.id",
    )
    .bind(rows)
    .bind(errors)
    .execute(connection)
    .await
    .map(|_| ())
}

/// The number of waiting rows, and the age of the oldest one in seconds.
pub(super) async fn waiting(pool: &PgPool) -> Result<(i64, f64), sqlx::Error> {
    sqlx::query_as(
        "SELECT count(*), coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8
         FROM onboarding_outbox WHERE published_at IS NULL",
    )
    .fetch_one(pool)
    .await
}

/// Deletes rows that were published more than a day ago, and returns their count.
pub(super) async fn purge(pool: &PgPool) -> Result<u64, sqlx::Error> {
    sqlx::query("DELETE FROM onboarding_outbox WHERE published_at < now() - interval '24 hours'")
        .execute(pool)
        .await
        .map(|done| done.rows_affected())
}

#[cfg(test)]
mod tests {
    use shared::{amqp::PeopleEvent, events::SIGNED_UP, lane::QueueLane};

    use super::*;

    fn row(event_type: &str, payload: &str) -> Row {
        let (id, created_at) = (Uuid::from_u128(7), DateTime::UNIX_EPOCH);
        Row { id, event_type: event_type.into(), payload: payload.into(), created_at, attempts: 0 }
    }

    #[test]
    fn the_id_is_that_of_the_event_or_of_the_row() {
        let bare = row(SIGNED_UP, r#"{"user_id": 1042, "phone_number": "9849999998"}"#).event().unwrap();
        assert_eq!((bare.id, bare.route), (Uuid::from_u128(7).to_string(), QueueLane::Live.into()));
        let full = format!(
            r#"{{"id": "e", "data": {{"user_id": "8"}}, "type": "{SIGNED_UP}", "specversion": "1.0"}}"#
        );
        assert_eq!(row(SIGNED_UP, &full).event().unwrap().id, "e");
    }

    #[test]
    fn a_full_event_about_people_has_the_route_of_its_type() {
        let data = r#"{"user_id":"8","consents":[{"purpose":"tips","channel":"any","action":"withdraw"}]}"#;
        for event in PeopleEvent::ALL {
            let event_type = event.event_type();
            let full = format!(r#"{{"specversion":"1.0","id":"e","type":"{event_type}","data":{data}}}"#);
            assert_eq!(row(event_type, &full).event().unwrap().route, event.into());
            assert_eq!(row(SIGNED_UP, &full).event().unwrap_err(), InvalidRow::OtherEvent);
            assert_eq!(row(event_type, data).event().unwrap_err(), InvalidRow::BareData);
        }
    }

    #[test]
    fn invalid_rows_are_rejected_without_showing_their_content() {
        let stored =
            r#"{"specversion":"1.0","id":"e","type":"np.aamcare.user.backfill.v1","data":{"user_id":"8"}}"#;
        assert_eq!(row(SIGNED_UP, stored).event().unwrap_err(), InvalidRow::OtherEvent);
        for event_type in ["signup", "user.signed_up.v1", BACKFILL] {
            assert_eq!(row(event_type, r#"{"user_id":"8"}"#).event().unwrap_err(), InvalidRow::Type);
        }
        for bad in [r#""9807969278""#, r#"{"phone_number":"9807969278"}"#, r#"{"user_id":["9807969278"]}"#] {
            let text = row(SIGNED_UP, bad).event().unwrap_err().to_string();
            assert!(!text.contains("980"), "{text}");
        }
    }
}
