//! Every message to a user, of every kind and by every channel, as the view `message_log` has them. The view has no index by
//! user for the attempts of stored messages; here they are found by their messages.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgPool;
use uuid::Uuid;

/// An attempt, or a message that has none. The field names are those of the view, and a published schema: add to it, never
/// rename.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(clippy::struct_field_names, reason = "fields are named as columns")]
pub(crate) struct Message {
    pub(crate) attempt_id: Option<Uuid>,
    pub(crate) message_id: Option<Uuid>,
    pub(crate) kind: String,
    /// None: not chosen yet.
    pub(crate) channel: Option<String>,
    pub(crate) slot: String,
    pub(crate) state: String,
    pub(crate) reason: Option<String>,
    pub(crate) message_sid: Option<String>,
    /// As Twilio gives it.
    pub(crate) status: Option<String>,
    /// Twilio's code of the refusal or of the failed delivery.
    pub(crate) error_code: Option<i32>,
    /// The attempt by another channel that this one is in place of.
    pub(crate) fallback_of: Option<Uuid>,
    pub(crate) due_at: Option<DateTime<Utc>>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

impl Message {
    /// Twilio's status of an accepted message, else the state.
    pub(crate) fn shown_state(&self) -> &str {
        self.status.as_deref().filter(|_| self.state == "accepted").unwrap_or(&self.state)
    }

    /// The reason, or the code for which an accepted message did not arrive.
    pub(crate) fn shown_reason(&self) -> Option<String> {
        let failed = matches!(self.status.as_deref(), Some("failed" | "undelivered"));
        let code = self.error_code.filter(|_| failed).map(|code| format!("error_{code:05}"));
        self.reason.clone().or(code)
    }
}

/// The messages of a user, the oldest first.
pub(crate) async fn of_user(pool: &PgPool, user: &str) -> Result<Vec<Message>, sqlx::Error> {
    sqlx::query_as!(
        Message,
        r#"WITH tried AS (
               SELECT a.*, a.kind AS slot, a.claimed_at AS due_at FROM welcome_attempts a WHERE a.user_id = $1
               UNION ALL
               SELECT a.attempt_id, a.message_id, a.kind, a.channel, a.lane, a.user_id, a.phone_e164, a.outcome, a.blocks,
                      a.worker_id, a.language, a.body_sha256, a.content_sid, a.segments, a.fallback_of, a.claimed_at,
                      a.message_sid, a.status, a.status_rank, a.error_code, a.checks, a.next_check_at, a.parked_at,
                      a.reopened_at, a.polled_at, a.traceparent, a.updated_at, m.slot, m.due_at
               FROM messages m JOIN message_attempts a ON a.message_id = m.message_id WHERE m.user_id = $1
           )
           SELECT attempt_id, message_id, kind AS "kind!", channel, slot AS "slot!",
                  CASE WHEN outcome = 'unwritten' THEN 'deferred' ELSE outcome::text END AS "state!",
                  CASE WHEN outcome IN ('refused', 'deferred') AND error_code IS NOT NULL
                       THEN 'error_' || lpad(error_code::text, 5, '0') END AS reason,
                  message_sid, status, error_code, fallback_of, due_at, claimed_at AS "created_at!",
                  updated_at AS "updated_at!"
           FROM tried
           UNION ALL
           SELECT NULL, m.message_id, m.kind, m.channel, m.slot, m.state, m.reason, NULL, NULL, NULL, NULL, m.due_at,
                  m.created_at, m.updated_at
           FROM messages m WHERE m.user_id = $1 AND m.attempt_id IS NULL
           UNION ALL
           SELECT NULL, NULL, 'welcome', NULL, 'welcome',
                  CASE WHEN u.state = 'received' THEN 'waiting' WHEN u.state = 'failed' THEN 'refused' ELSE 'skipped' END,
                  u.reason, NULL, NULL, NULL, NULL, u.enqueued_at, u.created_at, u.updated_at
           FROM users u
           WHERE u.user_id = $1 AND u.attempt_id IS NULL AND u.state IN ('received', 'suppressed', 'rejected', 'failed')
           ORDER BY 13, 1"#,
        user,
    )
    .fetch_all(pool)
    .await
}
