//! What the dashboard shows of this moment. Every part reads an index.

use sqlx::PgPool;

/// This moment in figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Glance {
    /// Messages that Twilio accepted in the last minute.
    pub(crate) accepted_last_minute: i64,
    /// Calls of the last hour by their answer.
    pub(crate) accepted_last_hour: i64,
    pub(crate) refused_last_hour: i64,
    pub(crate) unknown_last_hour: i64,
    /// Messages accepted since midnight in Nepal.
    pub(crate) accepted_today: i64,
    /// Users with work ahead, by lane.
    pub(crate) waiting_live: i64,
    pub(crate) waiting_backfill: i64,
    /// Unknown outcomes left to a person.
    pub(crate) parked: i64,
    /// Dead letters that nobody settled.
    pub(crate) dead_letters: i64,
    /// Claims of today, as `MAX_MESSAGES_PER_DAY` counts them.
    pub(crate) budget_used: i64,
}

/// Takes it.
pub(crate) async fn take(pool: &PgPool) -> Result<Glance, sqlx::Error> {
    sqlx::query_as!(
        Glance,
        r#"SELECT (SELECT count(*) FROM attempts
                   WHERE claimed_at > now() - interval '1 minute' AND outcome = 'accepted') AS "accepted_last_minute!",
                  h.accepted AS "accepted_last_hour!", h.refused AS "refused_last_hour!",
                  h.unknown AS "unknown_last_hour!", t.accepted AS "accepted_today!",
                  w.live AS "waiting_live!", w.backfill AS "waiting_backfill!",
                  (SELECT count(*) FROM attempts WHERE outcome = 'unknown' AND blocks AND parked_at IS NOT NULL)
                      AS "parked!",
                  (SELECT count(*) FROM onboarding_dead_letters) AS "dead_letters!",
                  coalesce((SELECT used FROM daily_budget
                            WHERE day = (now() AT TIME ZONE 'Asia/Kathmandu')::date), 0)::bigint AS "budget_used!"
           FROM (SELECT coalesce(sum(accepted), 0)::bigint AS accepted, coalesce(sum(refused), 0)::bigint AS refused,
                        coalesce(sum(unknown), 0)::bigint AS unknown
                 FROM history_minutes WHERE minute > now() - interval '1 hour') h,
                (SELECT coalesce(sum(accepted), 0)::bigint AS accepted FROM history_minutes
                 WHERE minute >= date_trunc('day', now() AT TIME ZONE 'Asia/Kathmandu') AT TIME ZONE 'Asia/Kathmandu') t,
                -- In two halves, for each has an index of its own.
                (SELECT count(*) FILTER (WHERE lane = 'live') AS live,
                        count(*) FILTER (WHERE lane = 'backfill') AS backfill
                 FROM (SELECT lane FROM users WHERE state = 'received' AND next_attempt_at IS NULL
                       UNION ALL
                       SELECT lane FROM users WHERE state = 'received' AND next_attempt_at IS NOT NULL) r) w"#,
    )
    .fetch_one(pool)
    .await
}
