//! Notices, which stand here for every kind of message but the welcome, and how their calls end.

use std::time::Duration;

use shared::domain::{AttemptOutcome, Reason, UserState};
use uuid::Uuid;

use crate::store::{
    attempts::AttemptRef,
    batch::Statement,
    callbacks::Callback,
    ended::{Accepted, Ended, UserChange},
    message_claim::{ClaimMessages, MessageClaimRequest, MessageClaimResult},
    messages,
    world::World,
};

pub(super) const LEASE: Duration = Duration::from_secs(90);

/// A notice that is due now.
pub(super) struct Notice {
    pub(super) id: Uuid,
    user: &'static str,
}

impl World {
    pub(super) async fn notice(&self, user: &'static str, keys: &[&str]) -> Notice {
        let id = Uuid::now_v7();
        sqlx::query(
            "INSERT INTO messages (message_id, kind, channel, lane, user_id, phone_e164, slot, language, keys, due_at,
                                   next_attempt_at)
             VALUES ($1, 'notice', 'sms', 'replies', $2, '+9779840000' || lpad(length($2)::text, 3, '0'), 'stopped', 'ne',
                     $3, now(), now())",
        )
        .bind(id)
        .bind(user)
        .bind(keys)
        .execute(&self.pool)
        .await
        .unwrap();
        Notice { id, user }
    }

    pub(super) async fn claim_notices(
        &self,
        notices: &[&Notice],
    ) -> (Vec<AttemptRef>, Vec<MessageClaimResult>) {
        let claims: Vec<MessageClaimRequest> = notices.iter().map(|notice| claim_of(notice)).collect();
        let statement =
            ClaimMessages { pool: self.pool.clone(), worker_id: "w".into(), lease: LEASE, has_key: true };
        let granted = statement.run(&claims).await.unwrap();
        let attempts = claims.iter().map(|c| AttemptRef::of_message(c.message_id, c.attempt_id)).collect();
        (attempts, granted)
    }

    pub(super) async fn claimed(&self, notice: &Notice) -> AttemptRef {
        let (attempts, granted) = self.claim_notices(&[notice]).await;
        assert_eq!(granted, [MessageClaimResult::Yes]);
        attempts[0]
    }

    /// State, reason and whether it waits, then the attempts of a message from the oldest on.
    pub(super) async fn told(&self, notice: &Notice) -> String {
        let sql = "SELECT concat_ws(' ', m.state, m.reason, CASE WHEN m.next_attempt_at <= now() THEN 'due' END) || '; ' ||
                          coalesce((SELECT string_agg(concat_ws(' ', outcome, status, CASE WHEN blocks THEN 'blocks' END),
                                                      ', ' ORDER BY attempt_id)
                                    FROM message_attempts a WHERE a.message_id = m.message_id), '-')
                   FROM messages m WHERE message_id = $1";
        sqlx::query_scalar(sql).bind(notice.id).fetch_one(&self.pool).await.unwrap()
    }

    pub(super) async fn keys(&self) -> Vec<String> {
        sqlx::query_scalar("SELECT key FROM message_keys ORDER BY key").fetch_all(&self.pool).await.unwrap()
    }

    pub(super) async fn due(&self) -> Vec<Uuid> {
        let due = messages::take_due(&self.pool, "replies", 10, LEASE).await.unwrap();
        due.into_iter().filter(|d| !d.stale).map(|d| d.message_id).collect()
    }
}

pub(super) fn claim_of(notice: &Notice) -> MessageClaimRequest {
    MessageClaimRequest {
        message_id: notice.id,
        attempt_id: Uuid::now_v7(),
        user_id: notice.user.into(),
        channel: "sms",
        body_sha256: [0; 32],
        content_sid: None,
        segments: 1,
        traceparent: None,
        digest: None,
    }
}

pub(super) fn accepted(attempt: AttemptRef) -> Ended {
    let sid = format!("SM{}", attempt.attempt_id.simple());
    Ended {
        attempt,
        user_id: "ama".into(),
        outcome: AttemptOutcome::Accepted,
        accepted: Some(Accepted { sid, status: "accepted".into(), rank: 0 }),
        error_code: None,
        check_in: None,
        user: None,
        suppress: false,
    }
}

pub(super) fn in_doubt(attempt: AttemptRef) -> Ended {
    let check_in = Some(Duration::ZERO);
    Ended { outcome: AttemptOutcome::Unknown, accepted: None, check_in, ..accepted(attempt) }
}

pub(super) fn refused(attempt: AttemptRef, state: UserState, reason: Reason) -> Ended {
    let again_in = (state == UserState::Received).then_some(Duration::ZERO);
    let user = UserChange { state, reason, again_in, counts: true, ends_with: Reason::RetriesExhausted };
    let outcome = if again_in.is_some() { AttemptOutcome::Deferred } else { AttemptOutcome::Refused };
    Ended {
        outcome,
        accepted: None,
        user: Some(user),
        suppress: state == UserState::Suppressed,
        ..accepted(attempt)
    }
}

pub(super) fn reported(attempt: AttemptRef, status: &str, rank: i16) -> Callback {
    Callback {
        sid: format!("SM{}", attempt.attempt_id.simple()),
        to: String::new(),
        status: status.into(),
        rank,
        attempt: Some(attempt),
        error_code: None,
    }
}
