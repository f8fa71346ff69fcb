//! Stored messages of another kind than the welcome, from due to accepted, against a stand-in that answers at once.

use anyhow::ensure;

use crate::{
    measure::{Steady, steady},
    report::Row,
    services::Services,
    sizes::Sizes,
    stage::Stage,
    standin::StandIn,
    worker::{self, Pace},
};

const PACE: Pace = Pace { concurrency: 512, rate: 0 };
/// Months before this one that old messages are spread over.
const MONTHS: u32 = 12;

pub(super) async fn run(services: &Services, sizes: &Sizes) -> anyhow::Result<Vec<Row>> {
    let seen = full(&Stage::open(services).await?, sizes.events).await?;
    Ok(vec![Row::steady("stored messages", seen)])
}

/// Sends `messages` that are due now.
pub(super) async fn full(stage: &Stage, messages: u32) -> anyhow::Result<Steady> {
    store_due(stage, messages).await?;
    let mut stand_in = StandIn::start(stage.folder(), 1).await?;
    let mut worker = worker::start(stage, stand_in.url(), PACE)?;
    let seen = steady(stage, &mut worker, &mut stand_in, messages).await?;
    worker.stop().await?;
    let sql = "SELECT count(*) FROM message_attempts WHERE outcome = 'accepted' AND kind = 'notice'";
    let accepted = stage.number(sql).await?;
    ensure!(accepted == i64::from(messages), "{accepted} of {messages} messages were stored as accepted");
    Ok(seen)
}

/// Messages with ids of now, each with a number and a key of its own.
async fn store_due(stage: &Stage, messages: u32) -> anyhow::Result<()> {
    let sql = format!(
        "INSERT INTO messages (message_id, kind, channel, lane, user_id, phone_e164, slot, language, content, keys, due_at,
                               next_attempt_at)
         SELECT (left(id_from_time(now())::text, 14) || right(gen_random_uuid()::text, 22))::uuid, 'notice', 'sms',
                'replies', 'm' || n, '+97798' || (40000000 + n), 'own', 'en', '{{\"text\": \"Aamcare: a notice.\"}}',
                ARRAY['bench:' || n], now(), now()
         FROM generate_series(1, {messages}) n"
    );
    stage.execute(&sql).await?;
    stage.execute("ANALYZE messages").await
}

/// Messages of the twelve months before, each sent and delivered. Stored month by month, in the order of their ids.
pub(super) async fn store_old(stage: &Stage, messages: u32) -> anyhow::Result<()> {
    let each = messages / MONTHS;
    for month in 1..=MONTHS {
        eprintln!("  storing {each} messages of {month} months ago");
        let sql = format!(
            "SELECT add_message_partitions((date_trunc('month', now()) - interval '{month} months')::date);
             CREATE TEMP TABLE old AS
             SELECT n, (left(id_from_time(date_trunc('month', now()) - interval '{month} months'
                                          + n * interval '28 days' / {each})::text, 14)
                        || '7' || right(md5(n::text), 3) || '-8' || right(md5('{month}' || n), 3) || '-'
                        || right(md5(n || '{month}'), 12))::uuid AS id
             FROM generate_series(1, {each}) n;
             INSERT INTO messages (message_id, kind, channel, lane, user_id, phone_e164, slot, language, due_at, state,
                                   attempt_id)
             SELECT id, 'tip', 'sms', 'tips', (n % 100000)::text, '+97798' || (40000000 + n % 100000), 'pregnancy', 'ne',
                    now(), 'claimed', id FROM old;
             INSERT INTO message_attempts (attempt_id, message_id, kind, channel, lane, user_id, phone_e164, worker_id,
                                           language, body_sha256, segments, outcome, message_sid, status, status_rank)
             SELECT id, id, 'tip', 'sms', 'tips', (n % 100000)::text, '+97798' || (40000000 + n % 100000), 'bench', 'ne',
                    '\\x00', 1, 'accepted', 'SM' || md5(n::text), 'delivered', 5 FROM old;
             DROP TABLE old"
        );
        // One connection, for the temporary table.
        let mut connection = stage.pool.acquire().await?;
        sqlx::Executor::execute(&mut *connection, sql.as_str()).await?;
    }
    stage.execute("VACUUM ANALYZE messages, message_attempts").await?;
    stage.execute("CHECKPOINT").await
}
