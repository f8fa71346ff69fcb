//! How many there are: the counts that metrics, dashboard, `worker stats` and `worker doctor` show, each defined once.

use shared::{consent::Source, lane::QueueLane};
use sqlx::PgConnection;
use uuid::Uuid;

/// Unknown outcomes of every kind of message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unknown {
    /// Those that Twilio is still asked about.
    pub(crate) checking: i64,
    /// Attempts that need review.
    pub(crate) parked: i64,
}

impl Unknown {
    pub(crate) fn all(self) -> i64 {
        self.checking + self.parked
    }
}

pub(crate) async fn unknown(connection: &mut PgConnection) -> Result<Unknown, sqlx::Error> {
    // The first condition is that of the indexes, which hold few rows.
    sqlx::query_as!(
        Unknown,
        r#"SELECT count(*) FILTER (WHERE parked_at IS NULL) AS "checking!", count(parked_at) AS "parked!"
           FROM all_attempts
           WHERE (next_check_at IS NOT NULL OR parked_at IS NOT NULL) AND outcome = 'unknown' AND blocks"#
    )
    .fetch_one(connection)
    .await
}

/// Deliveries that could not be processed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DeadLetters {
    /// Neither replayed nor dropped.
    pub(crate) open: i64,
    /// Open ones that came, or came again, in the last hour.
    pub(crate) open_last_hour: i64,
    pub(crate) replayed: i64,
    pub(crate) dropped: i64,
}

pub(crate) async fn dead_letters(connection: &mut PgConnection) -> Result<DeadLetters, sqlx::Error> {
    sqlx::query_as!(
        DeadLetters,
        r#"SELECT count(*) FILTER (WHERE open) AS "open!",
                  count(*) FILTER (WHERE open AND last_seen_at > now() - interval '1 hour') AS "open_last_hour!",
                  count(replayed_at) AS "replayed!", count(dropped_at) AS "dropped!"
           FROM (SELECT last_seen_at, replayed_at, dropped_at, replayed_at IS NULL AND dropped_at IS NULL AS open
                 FROM dead_letters) d"#
    )
    .fetch_one(connection)
    .await
}

/// Users of one lane with work ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Backlog {
    pub(crate) lane: QueueLane,
    pub(crate) received: i64,
    /// Those of them whose next attempt is due.
    pub(crate) due: i64,
}

/// Users with work ahead, by lane; a lane without any is not among them.
pub(crate) async fn backlog(connection: &mut PgConnection) -> Result<Vec<Backlog>, sqlx::Error> {
    // In two halves, for each has an index of its own.
    sqlx::query_as!(
        Backlog,
        r#"SELECT lane AS "lane!: QueueLane", count(*) AS "received!", count(*) FILTER (WHERE next_attempt_at <= now()) AS "due!"
           FROM (SELECT lane, next_attempt_at FROM users WHERE state = 'received' AND next_attempt_at IS NULL
                 UNION ALL
                 SELECT lane, next_attempt_at FROM users
                 WHERE state = 'received' AND next_attempt_at IS NOT NULL) waiting
           GROUP BY lane"#,
    )
    .fetch_all(connection)
    .await
}

/// For each lane, by how many seconds its longest-waiting user is overdue: since the last evidence of their event, or
/// since their retry was due.
pub(crate) async fn overdue(connection: &mut PgConnection) -> Result<Vec<(QueueLane, f64)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT l.lane AS "lane!: QueueLane",
                  greatest(0, extract(epoch FROM now() - least(
                      (SELECT min(enqueued_at) FROM users
                       WHERE lane = l.lane AND state = 'received' AND next_attempt_at IS NULL),
                      (SELECT min(next_attempt_at) FROM users
                       WHERE lane = l.lane AND next_attempt_at IS NOT NULL))))::float8 AS "seconds!"
           FROM unnest(enum_range(NULL::lane)) AS l(lane)"#
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.lane, row.seconds)).collect())
}

/// Numbers that must not be texted, by source.
pub(crate) async fn suppressed(
    connection: &mut PgConnection,
) -> Result<Vec<(&'static str, i64)>, sqlx::Error> {
    let counted = sqlx::query!(
        r#"SELECT source, count(*) AS "numbers!" FROM suppressions WHERE lifted_at IS NULL GROUP BY source"#
    )
    .fetch_all(connection)
    .await?;
    let count = |source| counted.iter().find(|row| row.source == source).map_or(0, |row| row.numbers);
    Ok(Source::ALL.map(|source| (source.as_str(), count(source.as_str()))).to_vec())
}

/// Broken promises, which are to be 0: an accepted welcome that did not fail and neither blocks its number nor was
/// reopened, beside another accepted one to the same number; or a callback about a second message of one attempt. A number
/// that `UNKNOWN_POLICY=resend_once` freed and whose first message was accepted after all is what that policy risks; it
/// counts. A message that did not arrive, and that a fallback followed, does not.
pub(crate) async fn violations(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT (SELECT count(*) FROM attempts f
                   WHERE f.outcome = 'accepted' AND NOT f.blocks AND f.reopened_at IS NULL
                     AND f.twilio_status IS DISTINCT FROM 'failed'
                     -- A fallback followed it: that it arrived late is counted apart.
                     AND (SELECT b.fallback FROM fallbacks b WHERE b.attempt_id = f.message_id) IS NULL
                     AND EXISTS (SELECT FROM attempts o WHERE o.phone_e164 = f.phone_e164 AND o.blocks
                                                          AND o.outcome = 'accepted'))
                  + (SELECT count(DISTINCT c.sid) FROM status_callbacks c JOIN attempts o USING (message_id)
                     WHERE NOT c.matched AND o.sid IS NOT NULL AND o.sid <> c.sid) AS "violations!""#
    )
    .fetch_one(connection)
    .await
}

/// Messages that were claimed after a stop or a loss was in force, which are to be 0. An answer to a message of the same
/// person is allowed.
pub(crate) async fn after_stop(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT (SELECT count(*) FROM suppressions s JOIN all_attempts a ON a.phone_e164 = s.phone_e164
                   WHERE a.claimed_at > s.in_force_at AND a.claimed_at < coalesce(s.lifted_at, 'infinity')
                     AND a.kind <> 'reply' AND s.channel IN ('any', a.channel))
                  + (SELECT count(*) FROM silenced_users q JOIN attempts a ON a.user_id = q.user_id
                     WHERE a.claimed_at > q.in_force_at)
                  + (SELECT count(*) FROM silenced_users q JOIN messages m ON m.user_id = q.user_id
                     JOIN message_attempts a ON a.message_id = m.message_id
                     WHERE a.claimed_at > q.in_force_at AND a.kind <> 'reply')
                  + (SELECT count(*) FROM tip_suppressions t JOIN message_attempts a ON a.phone_e164 = t.phone_e164
                     WHERE a.kind = 'tip' AND a.claimed_at > t.in_force_at
                       AND t.channel IN ('any', a.channel)) AS "after_stop!""#
    )
    .fetch_one(connection)
    .await
}

/// Stored users of one kind.
pub(crate) struct Kind {
    /// As in the event; `unknown` where the portal named none.
    pub(crate) kind: String,
    pub(crate) count: i64,
}

/// Stored users by kind, the most first.
pub(crate) async fn kinds(connection: &mut PgConnection) -> Result<Vec<Kind>, sqlx::Error> {
    sqlx::query_as!(
        Kind,
        r#"SELECT coalesce(kind, 'unknown') AS "kind!", count(*) AS "count!" FROM users
           GROUP BY 1 ORDER BY 2 DESC, 1"#,
    )
    .fetch_all(connection)
    .await
}

/// Users who share state, welcome and reason.
pub(crate) struct Group {
    pub(crate) state: String,
    pub(crate) welcome: String,
    pub(crate) reason: Option<String>,
    pub(crate) users: i64,
}

/// Users by state, welcome and reason, the most first; those of one backfill, or all.
pub(crate) async fn groups(
    connection: &mut PgConnection,
    run: Option<Uuid>,
) -> Result<Vec<Group>, sqlx::Error> {
    sqlx::query_as!(
        Group,
        r#"SELECT state AS "state!", welcome_status AS "welcome!", reason, count(*) AS "users!"
           FROM onboarding_status WHERE $1::uuid IS NULL OR run_id = $1
           GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3"#,
        run,
    )
    .fetch_all(connection)
    .await
}

/// Calls and deliveries of the last hour, counted one by one.
pub(crate) struct LastHour {
    /// Messages that Twilio accepted.
    pub(crate) accepted_last_minute: i64,
    pub(crate) accepted: i64,
    pub(crate) refused: i64,
    pub(crate) delivered: i64,
    pub(crate) not_delivered: i64,
}

pub(crate) async fn last_hour(connection: &mut PgConnection) -> Result<LastHour, sqlx::Error> {
    sqlx::query_as!(
        LastHour,
        r#"SELECT a.minute AS "accepted_last_minute!", a.hour AS "accepted!",
                  a.refused AS "refused!", c.delivered AS "delivered!", c.failed AS "not_delivered!"
           FROM (SELECT count(*) FILTER (WHERE outcome = 'accepted' AND claimed_at > now() - interval '1 minute')
                            AS minute,
                        count(*) FILTER (WHERE outcome = 'accepted') AS hour,
                        count(*) FILTER (WHERE outcome = 'refused') AS refused
                 FROM all_attempts WHERE claimed_at > now() - interval '1 hour') a,
                (SELECT count(*) FILTER (WHERE status = 'delivered') AS delivered,
                        count(*) FILTER (WHERE status IN ('failed', 'undelivered')) AS failed
                 FROM status_callbacks WHERE received_at > now() - interval '1 hour') c"#,
    )
    .fetch_one(connection)
    .await
}

/// Calls by their answer, from the figures that the dashboard draws: no view of it counts millions of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Calls {
    pub(crate) accepted_last_minute: i64,
    pub(crate) accepted_last_hour: i64,
    pub(crate) refused_last_hour: i64,
    pub(crate) unknown_last_hour: i64,
    /// Since midnight in Nepal.
    pub(crate) accepted_today: i64,
    /// Claims of today, as `MAX_MESSAGES_PER_DAY` counts them.
    pub(crate) budget_used: i64,
}

pub(crate) async fn calls(connection: &mut PgConnection) -> Result<Calls, sqlx::Error> {
    sqlx::query_as!(
        Calls,
        r#"SELECT (SELECT count(*) FROM all_attempts
                   WHERE claimed_at > now() - interval '1 minute' AND outcome = 'accepted') AS "accepted_last_minute!",
                  h.accepted AS "accepted_last_hour!", h.refused AS "refused_last_hour!",
                  h.unknown AS "unknown_last_hour!", t.accepted AS "accepted_today!",
                  coalesce((SELECT used FROM daily_budget
                            WHERE day = (calendar_now() AT TIME ZONE 'Asia/Kathmandu')::date), 0)::bigint AS "budget_used!"
           FROM (SELECT coalesce(sum(accepted), 0)::bigint AS accepted, coalesce(sum(refused), 0)::bigint AS refused,
                        coalesce(sum(unknown), 0)::bigint AS unknown
                 FROM history_minutes WHERE minute > now() - interval '1 hour') h,
                (SELECT coalesce(sum(accepted), 0)::bigint AS accepted FROM history_minutes
                 WHERE minute >= date_trunc('day', now() AT TIME ZONE 'Asia/Kathmandu') AT TIME ZONE 'Asia/Kathmandu') t"#,
    )
    .fetch_one(connection)
    .await
}

/// Open conversations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Inbox {
    pub(crate) urgent: i64,
    pub(crate) others: i64,
    /// The longest wait for an answer to an urgent message, in seconds; 0: none waits. Further messages do not shorten it.
    pub(crate) urgent_waits: f64,
}

pub(crate) async fn inbox(connection: &mut PgConnection) -> Result<Inbox, sqlx::Error> {
    sqlx::query_as!(
        Inbox,
        r#"SELECT count(*) FILTER (WHERE urgency > 0) AS "urgent!", count(*) FILTER (WHERE urgency = 0) AS "others!",
                  coalesce(extract(epoch FROM calendar_now()
                                       - min(coalesce(waits_since, last_inbound_at)) FILTER (WHERE urgency > 0 AND answered_at IS NULL)),
                           0)::float8 AS "urgent_waits!"
           FROM conversations WHERE closed_at IS NULL"#,
    )
    .fetch_one(connection)
    .await
}

async fn open_tasks(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT count(*) AS "open!" FROM needs_person WHERE closed_at IS NULL"#)
        .fetch_one(connection)
        .await
}

/// This moment, as the dashboard's first page shows it. Every part reads an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) calls: Calls,
    /// Users with work ahead, by lane.
    pub(crate) waiting_live: i64,
    pub(crate) waiting_backfill: i64,
    pub(crate) unknown: Unknown,
    pub(crate) dead_letters: DeadLetters,
    /// Tasks for staff.
    pub(crate) open_tasks: i64,
}

pub(crate) async fn summary(connection: &mut PgConnection) -> Result<Summary, sqlx::Error> {
    let backlog = backlog(connection).await?;
    let waiting = |lane| backlog.iter().find(|b| b.lane == lane).map_or(0, |b| b.received);
    Ok(Summary {
        waiting_live: waiting(QueueLane::Live),
        waiting_backfill: waiting(QueueLane::Backfill),
        calls: calls(connection).await?,
        unknown: unknown(connection).await?,
        dead_letters: dead_letters(connection).await?,
        open_tasks: open_tasks(connection).await?,
    })
}
