//! What the dashboard draws: figures by minute and by hour, kept so that no view of it counts millions of rows.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool, types::Json};

/// A lock key that no other code uses: `onb_hist` in ASCII.
const LOCK: i64 = 0x6f6e_625f_6869_7374;

/// How often each reason was met.
pub(crate) type Reasons = BTreeMap<String, i64>;

/// Users whose processing began in a span of time, and how far they came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Funnel {
    pub(crate) received: i64,
    pub(crate) valid: i64,
    pub(crate) registered: i64,
    pub(crate) accepted: i64,
    pub(crate) delivered: i64,
}

/// What became of the messages that were claimed in a span of time, of one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChannelFigures {
    /// `sms` or `whatsapp`.
    pub(crate) channel: String,
    pub(crate) accepted: i64,
    pub(crate) delivered: i64,
    /// Only WhatsApp reports it.
    pub(crate) read: i64,
    /// Those that followed a message of another channel.
    pub(crate) fallbacks: i64,
}

/// What happened in one span of time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) at: DateTime<Utc>,
    /// How many of its minutes are known; at least one.
    pub(crate) minutes: i64,
    pub(crate) accepted: i64,
    pub(crate) delivered: i64,
    pub(crate) not_delivered: i64,
    /// Seconds.
    pub(crate) latency_median: Option<f64>,
    /// Seconds.
    pub(crate) latency_p95: Option<f64>,
    pub(crate) live_ready: Option<i64>,
    pub(crate) backfill_ready: Option<i64>,
}

/// Makes this transaction's worker the one that writes, until it ends. False: another one writes now.
pub(crate) async fn lead(tx: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT pg_try_advisory_xact_lock($1) AS "got!""#, LOCK).fetch_one(tx).await
}

/// Writes the last minutes again, back to the last one stored and at most a day.
pub(crate) async fn write_minutes(
    tx: &mut PgConnection,
    live_ready: Option<i64>,
    backfill_ready: Option<i64>,
) -> Result<(), sqlx::Error> {
    // Asked for beforehand: with a plain value the planner knows how few rows follow it.
    let first = sqlx::query_scalar!(
        r#"SELECT GREATEST(now - interval '1 day', coalesce(LEAST(known, now) - interval '5 minutes', '-infinity'))
                      AS "first!"
           FROM (SELECT date_trunc('minute', now()) AS now, max(minute) AS known FROM history_minutes) k"#
    )
    .fetch_one(&mut *tx)
    .await?;
    sqlx::query!(
        r#"WITH sent AS (
               SELECT date_trunc('minute', claimed_at) AS minute,
                      count(*) FILTER (WHERE outcome = 'accepted') AS accepted,
                      count(*) FILTER (WHERE outcome = 'refused') AS refused,
                      count(*) FILTER (WHERE outcome = 'unknown') AS unknown
               FROM attempts WHERE claimed_at >= $3 GROUP BY 1
           ), told AS (
               SELECT c.received_at, c.status,
                      CASE WHEN c.status = 'delivered' AND a.lane = 'live' THEN GREATEST(extract(epoch FROM
                          c.received_at - coalesce(u.signed_up_at, u.created_at)), 0) END AS seconds
               FROM status_callbacks c
               LEFT JOIN attempts a ON a.message_id = c.message_id AND a.sid = c.sid
               LEFT JOIN users u ON u.user_id = a.user_id
               WHERE c.received_at >= $3
                 AND c.status IN ('delivered', 'failed', 'undelivered')
           ), ends AS (
               SELECT date_trunc('minute', received_at) AS minute,
                      count(*) FILTER (WHERE status = 'delivered') AS delivered,
                      count(*) FILTER (WHERE status <> 'delivered') AS not_delivered,
                      percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS median,
                      percentile_cont(0.95) WITHIN GROUP (ORDER BY seconds) AS p95
               FROM told GROUP BY 1
           )
           INSERT INTO history_minutes (minute, accepted, refused, unknown, delivered, not_delivered,
                                        latency_median, latency_p95, live_ready, backfill_ready)
           SELECT m.minute, coalesce(s.accepted, 0), coalesce(s.refused, 0), coalesce(s.unknown, 0),
                  coalesce(e.delivered, 0), coalesce(e.not_delivered, 0), e.median, e.p95,
                  CASE WHEN m.minute = date_trunc('minute', now()) THEN $1::bigint END,
                  CASE WHEN m.minute = date_trunc('minute', now()) THEN $2::bigint END
           FROM generate_series($3::timestamptz, date_trunc('minute', now()), interval '1 minute') AS m(minute)
           LEFT JOIN sent s ON s.minute = m.minute
           LEFT JOIN ends e ON e.minute = m.minute
           ON CONFLICT (minute) DO UPDATE SET
               accepted = EXCLUDED.accepted, refused = EXCLUDED.refused, unknown = EXCLUDED.unknown,
               delivered = EXCLUDED.delivered, not_delivered = EXCLUDED.not_delivered,
               latency_median = EXCLUDED.latency_median, latency_p95 = EXCLUDED.latency_p95,
               live_ready = coalesce(EXCLUDED.live_ready, history_minutes.live_ready),
               backfill_ready = coalesce(EXCLUDED.backfill_ready, history_minutes.backfill_ready)"#,
        live_ready,
        backfill_ready,
        first,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The hours whose figures are due: this one and the one before always, each other one of the last 30 days once in ten
/// minutes, those never counted first.
pub(crate) async fn due_hours(tx: &mut PgConnection) -> Result<Vec<DateTime<Utc>>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT h.hour AS "hour!" FROM generate_series(date_trunc('hour', now()) - interval '30 days',
                                                         date_trunc('hour', now()), interval '1 hour') AS h(hour)
           LEFT JOIN history_hours k ON k.hour = h.hour
           WHERE h.hour >= date_trunc('hour', now()) - interval '1 hour'
              OR k.computed_at IS NULL OR k.computed_at < now() - interval '10 minutes'
           ORDER BY h.hour >= date_trunc('hour', now()) - interval '1 hour' DESC,
                    k.computed_at NULLS FIRST, h.hour DESC"#
    )
    .fetch_all(tx)
    .await
}

/// Counts the users and messages of one hour again.
pub(crate) async fn write_hour(tx: &mut PgConnection, hour: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"WITH kinds AS (
               SELECT o.reason, o.state, o.welcome_status AS welcome, o.phone_e164 IS NOT NULL AS numbered,
                      count(*) AS users
               FROM users u JOIN onboarding_status o USING (user_id)
               WHERE u.enqueued_at >= $1::timestamptz AND u.enqueued_at < $1::timestamptz + interval '1 hour'
               GROUP BY 1, 2, 3, 4
           ), reasons AS (
               SELECT coalesce(jsonb_object_agg(reason, users), '{}') AS by_reason
               FROM (SELECT reason, sum(users) AS users FROM kinds WHERE reason IS NOT NULL GROUP BY 1) r
           ), sent AS (
               SELECT channel, count(*) AS accepted,
                      count(*) FILTER (WHERE status IN ('delivered', 'read')) AS delivered,
                      count(*) FILTER (WHERE status = 'read') AS read, count(fallback_of) AS fallbacks
               FROM all_attempts
               WHERE claimed_at >= $1::timestamptz AND claimed_at < $1::timestamptz + interval '1 hour'
                 AND outcome = 'accepted'
               GROUP BY 1
           ), by_channel AS (
               SELECT coalesce(jsonb_object_agg(channel, to_jsonb(s) - 'channel'), '{}') AS channels FROM sent s
           )
           INSERT INTO history_hours (hour, received, valid, registered, accepted, delivered, reasons, channels)
           SELECT $1, coalesce(sum(users), 0),
                  coalesce(sum(users) FILTER (WHERE numbered AND state <> 'rejected'), 0),
                  coalesce(sum(users) FILTER (WHERE state = 'registered'), 0),
                  coalesce(sum(users) FILTER (WHERE state = 'registered'
                      AND welcome NOT IN ('skipped', 'not_sent', 'unknown') AND welcome IS NOT NULL), 0),
                  coalesce(sum(users) FILTER (WHERE welcome IN ('delivered', 'read')), 0),
                  (SELECT by_reason FROM reasons), (SELECT channels FROM by_channel)
           FROM kinds
           ON CONFLICT (hour) DO UPDATE SET
               received = EXCLUDED.received, valid = EXCLUDED.valid, registered = EXCLUDED.registered,
               accepted = EXCLUDED.accepted, delivered = EXCLUDED.delivered, reasons = EXCLUDED.reasons,
               channels = EXCLUDED.channels, computed_at = now()"#,
        hour,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Removes rows that are older than any view shows.
pub(crate) async fn prune(tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM history_minutes WHERE minute < now() - interval '31 days'")
        .execute(&mut *tx)
        .await?;
    sqlx::query!("DELETE FROM history_hours WHERE hour < now() - interval '31 days'").execute(tx).await?;
    Ok(())
}

/// The users of the last `hours`, and why some were not welcomed.
pub(crate) async fn funnel(pool: &PgPool, hours: i32) -> Result<(Funnel, Reasons), sqlx::Error> {
    let row = sqlx::query!(
        r#"WITH h AS (SELECT * FROM history_hours WHERE hour > now() - make_interval(hours => $1 + 1))
           SELECT coalesce(sum(received), 0)::bigint AS "received!", coalesce(sum(valid), 0)::bigint AS "valid!",
                  coalesce(sum(registered), 0)::bigint AS "registered!",
                  coalesce(sum(accepted), 0)::bigint AS "accepted!",
                  coalesce(sum(delivered), 0)::bigint AS "delivered!",
                  (SELECT coalesce(jsonb_object_agg(reason, users), '{}') FROM (
                      SELECT r.key AS reason, sum(r.value::bigint) AS users FROM h, jsonb_each_text(h.reasons) r
                      GROUP BY 1) s) AS "reasons!: Json<Reasons>"
           FROM h"#,
        hours,
    )
    .fetch_one(pool)
    .await?;
    let funnel = Funnel {
        received: row.received,
        valid: row.valid,
        registered: row.registered,
        accepted: row.accepted,
        delivered: row.delivered,
    };
    Ok((funnel, row.reasons.0))
}

/// The messages of the last `hours`, by channel.
pub(crate) async fn channels(pool: &PgPool, hours: i32) -> Result<Vec<ChannelFigures>, sqlx::Error> {
    sqlx::query_as!(
        ChannelFigures,
        r#"SELECT c.key AS "channel!",
                  sum((c.value ->> 'accepted')::bigint)::bigint AS "accepted!",
                  sum((c.value ->> 'delivered')::bigint)::bigint AS "delivered!",
                  sum((c.value ->> 'read')::bigint)::bigint AS "read!",
                  sum((c.value ->> 'fallbacks')::bigint)::bigint AS "fallbacks!"
           FROM history_hours h, jsonb_each(h.channels) c
           WHERE h.hour > now() - make_interval(hours => $1 + 1)
           GROUP BY 1 ORDER BY 1"#,
        hours,
    )
    .fetch_all(pool)
    .await
}

/// The last `hours`, in spans of `minutes`, oldest first. Spans without a row are left out.
pub(crate) async fn spans(pool: &PgPool, hours: i32, minutes: i32) -> Result<Vec<Span>, sqlx::Error> {
    sqlx::query_as!(
        Span,
        r#"SELECT date_bin(make_interval(mins => $2), minute, 'epoch'::timestamptz) AS "at!",
                  count(*) AS "minutes!", sum(accepted)::bigint AS "accepted!", sum(delivered)::bigint AS "delivered!",
                  sum(not_delivered)::bigint AS "not_delivered!",
                  (sum(latency_median * delivered) / nullif(sum(delivered) FILTER (WHERE latency_median IS NOT NULL), 0))
                      AS latency_median,
                  max(latency_p95) AS latency_p95,
                  max(live_ready) AS live_ready, max(backfill_ready) AS backfill_ready
           FROM history_minutes WHERE minute > now() - make_interval(hours => $1) GROUP BY 1 ORDER BY 1"#,
        hours,
        minutes,
    )
    .fetch_all(pool)
    .await
}

#[cfg(test)]
mod tests {
    use chrono::DurationRound as _;

    use super::*;
    use crate::store::world::World;

    #[tokio::test]
    async fn messages_are_counted_by_the_channel_that_carried_them() {
        let world = World::create().await;
        sqlx::raw_sql(
            "INSERT INTO attempts (message_id, user_id, phone_e164, outcome, blocks, lane, worker_id, language, body_sha256,
                                   segments, lease_until, sid, channel, twilio_status, status_rank, fallback_of)
             SELECT gen_random_uuid(), n::text, n::text, o::attempt_outcome, o = 'accepted', 'live', 'w', 'ne', '', 1, now(), CASE WHEN o = 'accepted' THEN 'SM' || n END, c, s,
                    4, CASE WHEN f THEN gen_random_uuid() END
             FROM (VALUES (1, 'accepted', 'sms', 'delivered', false), (2, 'accepted', 'sms', 'sent', false),
                          (3, 'accepted', 'sms', 'delivered', true), (4, 'accepted', 'whatsapp', 'read', false),
                          (5, 'accepted', 'whatsapp', 'failed', false), (6, 'refused', 'whatsapp', NULL, false)) v(n, o, c, s, f)",
        )
        .execute(&world.pool)
        .await
        .unwrap();
        let hour = Utc::now().duration_trunc(chrono::TimeDelta::hours(1)).unwrap();
        let mut tx = world.pool.begin().await.unwrap();
        for hour in [hour, hour - chrono::TimeDelta::hours(1)] {
            write_hour(&mut tx, hour).await.unwrap();
        }
        tx.commit().await.unwrap();
        let figures: Vec<_> = channels(&world.pool, 24)
            .await
            .unwrap()
            .into_iter()
            .map(|f| (f.channel, f.accepted, f.delivered, f.read, f.fallbacks))
            .collect();
        assert_eq!(figures, [("sms".to_owned(), 3, 2, 0, 1), ("whatsapp".to_owned(), 2, 1, 1, 0)]);
        world.end().await;
    }
}
