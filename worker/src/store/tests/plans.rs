//! Every hot statement finds its rows by an index, also once Postgres plans it without looking at its values.

use std::{sync::Arc, time::Duration};

use chrono::Utc;
use shared::{
    config::{DatabaseUrl, Env, Insecure, settings},
    consent::{Door, Person, Source, doors},
    domain::{Reason, UserId, UserState},
    lane::QueueLane,
    phone::E164,
};
use sqlx::{Executor, PgPool, Row};
use uuid::Uuid;

use crate::store::batch::Statement;
use crate::store::{
    attempts::{AttemptRef, Heap},
    callbacks::{self, Callback},
    claim::{Claim, ClaimRequest},
    counts,
    ended::Ended,
    erasures,
    fixtures::{Database, callback, ended, erasure_key, request, stored_facts},
    leases,
    message_claim::{ClaimMessages, MessageClaimRequest},
    messages, needs_review,
    outcome::Outcome,
    person_data::{self, Erased},
    poll,
    record::{NewState, Record},
    reported::Meaning,
    stored_state::{ReadState, StateQuery},
    sweep, tries, unblocked_numbers, unknown,
};

/// Stored users, and stored messages of the last 13 months, where the environment does not name other numbers: enough that
/// reading all of them is never the better plan.
const STORED: u32 = 100_000;

/// `PLANS_USERS` and `PLANS_MESSAGES`.
fn sizes() -> (u32, u32) {
    let size = |name| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(STORED);
    (size("PLANS_USERS"), size("PLANS_MESSAGES"))
}

/// After five executions Postgres may plan without looking at the values (PostgreSQL docs, PREPARE).
const EXECUTIONS: u32 = 7;
const ROWS: u32 = 50;
/// From here on no number is that of a stored user.
const NEW: u32 = 9_990_000;
/// One of the stored numbers.
const NUMBER: &str = "+9779840000001";

impl Database {
    /// Connects, and waits for the end of all earlier connections: only then are their figures complete.
    async fn quiet(&self) -> PgPool {
        let pool = self.pool().await;
        let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                      AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
        while pool.fetch_one(others).await.unwrap().get::<i64, _>(0) > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        pool
    }

    /// Postgres has no statistics of it before ANALYZE.
    async fn fill(&self) {
        let pool = self.pool().await;
        let (users, messages) = sizes();
        for sql in [
            format!(
                "INSERT INTO users (user_id, phone_raw, phone_e164, source, changed_at, state, enqueued_at)
                 SELECT 'old-' || n, '98' || n, '+97798' || (40000000 + n), 'portal', now(), 'registered', now()
                 FROM generate_series(1, {users}) n"
            ),
            format!(
                "INSERT INTO attempts (message_id, user_id, phone_e164, outcome, lane, worker_id, language, body_sha256,
                                       segments, lease_until, sid, twilio_status, status_rank)
                 SELECT gen_random_uuid(), 'old-' || n, '+97798' || (40000000 + n), 'accepted', 'live', 'w', 'ne', '',
                        1, now(), 'SM' || md5(n::text), 'delivered', 5 FROM generate_series(1, {users}) n"
            ),
            "INSERT INTO status_callbacks (sid, status, matched)
             SELECT sid, 'delivered', true FROM attempts WHERE user_id LIKE 'old-%'"
                .into(),
            "INSERT INTO suppressions (phone_e164, source, actor, reason)
             SELECT '+1' || n, 't', 't', 't' FROM generate_series(1000000, 1020000) n"
                .into(),
            format!(
                "INSERT INTO stop_links (code, phone_e164, epoch)
                 SELECT upper(lpad(to_hex(n), 9, '0')), '+97798' || (40000000 + n), 0 FROM generate_series(1, {users}) n"
            ),
            format!(
                "INSERT INTO person_keys (user_id, phone_e164)
                 SELECT 'old-' || n, '+97798' || (40000000 + n) FROM generate_series(1, {users}) n"
            ),
            "INSERT INTO leases (lease_until, message_ids)
             SELECT now() + interval '1 day', ARRAY[gen_random_uuid()] FROM generate_series(1, 20000)"
                .into(),
            "INSERT INTO delivery_tries (delivery_key) SELECT 'id:' || n FROM generate_series(1, 20000) n".into(),
            "SELECT add_message_partitions((now() - make_interval(months => n))::date) FROM generate_series(1, 12) n".into(),
            // Tips of this month and of the twelve before, each with an id of its time.
            format!(
                "CREATE TABLE old AS
                 SELECT n, (left(replace(id_from_time(date_trunc('month', now()) - make_interval(months => n % 13))::text, '-', ''), 12) || '7'
                            || left(md5(n::text), 3) || '8' || right(md5(n::text), 15))::uuid AS id
                 FROM generate_series(1, {messages}) n ORDER BY 2"
            ),
            "INSERT INTO messages (message_id, kind, channel, lane, user_id, phone_e164, slot, language, due_at, state)
             SELECT id, 'tip', 'sms', 'tips', 'old-' || n, '+97798' || (40000000 + n), 's', 'ne', now(), 'claimed' FROM old"
                .into(),
            "INSERT INTO message_attempts (attempt_id, message_id, kind, channel, lane, user_id, phone_e164, worker_id,
                                           language, body_sha256, segments, outcome, message_sid, status, status_rank)
             SELECT gen_random_uuid(), id, 'tip', 'sms', 'tips', 'old-' || n, '+97798' || (40000000 + n), 'w', 'ne', '', 1,
                    'accepted', 'SM' || md5('m' || n), 'delivered', 5 FROM old"
                .into(),
            "INSERT INTO message_keys (key, message_id) SELECT 'old:' || n, id FROM old".into(),
            "DROP TABLE old".into(),
        ] {
            pool.execute(sql.as_str()).await.unwrap();
        }
        pool.close().await;
    }

    /// Rows read of any table so far, as far as Postgres has counted.
    async fn rows_read(&self) -> i64 {
        let pool = self.pool().await;
        let sql = "SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_user_tables";
        let read = pool.fetch_one(sql).await.unwrap().get(0);
        pool.close().await;
        read
    }

    /// A pool as the worker's batches have it, of one connection.
    fn batches(&self) -> PgPool {
        let mut env = Env::of([("DATABASE_URL", self.url.as_str())]);
        let url = DatabaseUrl::read(&mut env, &settings::DATABASE_URL, &Insecure::Everywhere);
        shared::db::pool_by_index(&url, "plans", 1).unwrap()
    }

    /// Runs `statement` on a fresh connection; returns the tables of which it read every row.
    async fn read_as_a_whole(&self, statement: impl AsyncFn(PgPool)) -> Vec<String> {
        let pool = self.quiet().await;
        pool.execute("SELECT pg_stat_reset()").await.unwrap();
        pool.close().await;
        let pool = self.quiet().await;
        statement(pool.clone()).await;
        pool.close().await;
        for _ in 0..100 {
            let pool = self.quiet().await;
            // A partition with few rows is best read as a whole.
            let sql = "SELECT relname::text, CASE WHEN relname ~ '^message' THEN seq_tup_read / 1000 ELSE seq_scan END
                       FROM pg_stat_user_tables
                       WHERE (relname IN ('users', 'attempts', 'suppressions', 'status_callbacks', 'delivery_tries', 'leases',
                                          'stop_links', 'person_keys')
                              OR relname ~ '^message')
                         AND seq_scan + idx_scan > 0";
            let read = pool.fetch_all(sql).await.unwrap();
            pool.close().await;
            if !read.is_empty() {
                let whole = read.iter().filter(|row| row.get::<i64, _>(1) > 0);
                return whole.map(|row| row.get(0)).collect();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("Postgres counted nothing");
    }
}

/// Events of all kinds, from the first look at the user to the outcome.
async fn pipeline(pool: PgPool) {
    events_from(0, pool).await;
}

async fn events_from(first: u32, pool: PgPool) {
    let read = ReadState { pool: pool.clone(), whatsapp: true, inbox: true };
    let record = Record { pool: pool.clone(), erasure: Some(erasure_key()) };
    let lease = Duration::from_secs(90);
    let claim = Claim {
        pool: pool.clone(),
        worker_id: "w".into(),
        lease,
        messages_per_day: 0,
        erasure: Some(erasure_key()),
        whatsapp: None,
    };
    let meanings = Arc::new(Meaning::default());
    let outcome = Outcome { pool: pool.clone(), retry_for: lease, messages_per_day: 0, meanings };
    for round in 0..EXECUTIONS {
        let requests: Vec<ClaimRequest> =
            (round * ROWS..(round + 1) * ROWS).map(|n| request(first + n)).collect();
        let queries: Vec<StateQuery> = requests
            .iter()
            .map(|w| StateQuery {
                user_id: w.user.facts.user_id.to_string(),
                phone: Some(w.phone.clone()),
                digest: Some(erasure_key().user(&w.user.facts.user_id)),
            })
            .collect();
        read.run(&queries).await.unwrap();
        claim.run(&requests).await.unwrap();
        let (sent, refused) = requests.split_at(requests.len() / 2);
        outcome.run(&sent.iter().map(|w| ended(w, true)).collect::<Vec<_>>()).await.unwrap();
        for (n, request) in sent.iter().take(4).enumerate() {
            callbacks::take(&pool, &callback(request, n % 2 == 0), &Meaning::default()).await.unwrap();
        }
        outcome.run(&refused.iter().map(|w| ended(w, false)).collect::<Vec<_>>()).await.unwrap();
        let reason = Some(Reason::PathFault);
        let states =
            requests.iter().map(|w| NewState::plain(w.user.facts.clone(), UserState::Received, reason));
        let stored =
            sent.iter().map(|w| NewState::plain(stored_facts(&w.user.facts), UserState::Received, reason));
        record.run(&stored.collect::<Vec<_>>()).await.unwrap();
        record.run(&states.collect::<Vec<_>>()).await.unwrap();
    }
}

async fn sweeper(pool: PgPool) {
    for _ in 0..EXECUTIONS {
        let mut tx = pool.begin().await.unwrap();
        let mut due = sweep::due(&mut tx, QueueLane::Live, 500).await.unwrap();
        due.extend(sweep::lost(&mut tx, QueueLane::Live, Duration::ZERO, None, 500).await.unwrap());
        let ids: Vec<String> = due.into_iter().map(|d| d.user_id).collect();
        sweep::enqueued(&mut tx, &ids).await.unwrap();
        sweep::rescued(&mut tx, &ids).await.unwrap();
        tx.commit().await.unwrap();
        for heap in Heap::ALL {
            leases::expire(&pool, heap, Duration::from_secs(30)).await.unwrap();
        }
        unblocked_numbers::linked(&pool, "", 500).await.unwrap();
        unblocked_numbers::freed(&pool, "", 500).await.unwrap();
        assert!(unblocked_numbers::fix(&pool, NUMBER).await.unwrap());
    }
}

/// Messages of another kind, from their time to the callback.
async fn messages_of_other_kinds(pool: PgPool) {
    let claim = ClaimMessages {
        pool: pool.clone(),
        worker_id: "w".into(),
        lease: Duration::from_secs(90),
        has_key: true,
    };
    let meanings = Arc::new(Meaning::default());
    let outcome =
        Outcome { pool: pool.clone(), retry_for: Duration::from_secs(60), messages_per_day: 0, meanings };
    for _ in 0..EXECUTIONS {
        for n in 0..ROWS {
            let sql = "INSERT INTO messages (message_id, kind, channel, lane, user_id, phone_e164, slot, language, keys,
                                             due_at, next_attempt_at)
                       VALUES ($1, 'notice', 'sms', 'replies', 'new-' || $2, '+97798' || $2, 's', 'ne', ARRAY[$1::text],
                               now(), now())";
            sqlx::query(sql).bind(Uuid::now_v7()).bind(n.to_string()).execute(&pool).await.unwrap();
        }
        let due = messages::take_due(&pool, "replies", 500, Duration::from_secs(60)).await.unwrap();
        let claims: Vec<MessageClaimRequest> = due.iter().map(claim_of).collect();
        claim.run(&claims).await.unwrap();
        let attempts = claims.iter().map(|c| AttemptRef::of_message(c.message_id, c.attempt_id));
        let ended: Vec<Ended> =
            attempts.map(|attempt| Ended { attempt, ..ended(&request(0), true) }).collect();
        outcome.run(&ended).await.unwrap();
        for ended in ended.iter().take(4) {
            let accepted = ended.accepted.as_ref().unwrap();
            let mut callback = callback(&request(0), false);
            (callback.sid, callback.attempt) = (accepted.sid.clone(), Some(ended.attempt));
            callbacks::take(&pool, &callback, &Meaning::default()).await.unwrap();
        }
        unknown::take(&pool, Heap::Messages, Duration::from_secs(30), 100).await.unwrap();
        let (age, span) = (Duration::from_secs(3600), Duration::from_secs(600));
        poll::take(&pool, Heap::Messages, age, span, 5).await.unwrap();
        needs_review::list(&pool).await.unwrap();
        needs_review::find(&pool, Uuid::now_v7()).await.unwrap();
        counts::unknown(&mut pool.acquire().await.unwrap()).await.unwrap();
    }
}

fn claim_of(due: &messages::Due) -> MessageClaimRequest {
    MessageClaimRequest {
        message_id: due.message_id,
        attempt_id: Uuid::now_v7(),
        user_id: due.user_id.clone(),
        channel: "sms",
        body_sha256: [0; 32],
        content_sid: None,
        segments: 1,
        traceparent: None,
        digest: None,
    }
}

/// What people and staff do about one person, and the erasure. Claims wait for parts of it.
async fn doors_and_erasures(pool: PgPool) {
    let door = Door { source: Source::Staff, actor: "maya", reason: "test", action: Some("test") };
    for n in 1..=EXECUTIONS {
        let number = |n: u32| E164::parse(&format!("+97798{}", 40_000_000 + n)).unwrap();
        let user = |n: u32| UserId::parse(&format!("old-{n}")).unwrap();
        doors::stop(&pool, Person::Number(&number(n)), &door).await.unwrap();
        doors::lift(&pool, Person::Number(&number(n)), &door).await.unwrap();
        doors::wrong_number(&pool, Person::Number(&number(n)), &door).await.unwrap();
        doors::loss(&pool, Person::User(&user(100 + n)), &door).await.unwrap();
        let user = user(200 + n);
        doors::request_erasure(&pool, &user, Utc::now(), &door).await.unwrap();
        let request = erasures::pending_of(&pool, &user).await.unwrap().unwrap();
        assert_eq!(person_data::erase(&pool, &erasure_key(), &request).await.unwrap(), Erased::Yes);
    }
}

async fn outcomes_that_are_found_out(pool: PgPool) {
    for n in 0..EXECUTIONS {
        unknown::take(&pool, Heap::Welcomes, Duration::from_secs(30), 100).await.unwrap();
        unknown::taken_sids(&pool, NUMBER, &["SM1".to_owned()]).await.unwrap();
        let sid = format!("SM{n:032}");
        let (status, attempt) = ("sent".to_owned(), Some(AttemptRef::welcome(Uuid::now_v7())));
        let callback = Callback { sid, to: NUMBER.to_owned(), status, rank: 3, attempt, error_code: None };
        callbacks::take(&pool, &callback, &Meaning::default()).await.unwrap();
        tries::count(&pool, &format!("id:{n}"), 5).await.unwrap();
        tries::forget(&pool, &format!("id:{n}")).await.unwrap();
    }
}

#[tokio::test]
async fn hot_statements_find_their_rows_by_an_index() {
    let database = Database::migrated().await;
    database.fill().await;
    database.pool().await.execute("VACUUM ANALYZE").await.unwrap();
    assert_eq!(database.read_as_a_whole(pipeline).await, [""; 0], "pipeline");
    assert_eq!(database.read_as_a_whole(sweeper).await, [""; 0], "sweeper");
    assert_eq!(database.read_as_a_whole(messages_of_other_kinds).await, [""; 0], "messages of other kinds");
    assert_eq!(database.read_as_a_whole(doors_and_erasures).await, [""; 0], "doors and erasures");
    assert_eq!(
        database.read_as_a_whole(outcomes_that_are_found_out).await,
        [""; 0],
        "callbacks and resolver"
    );
    database.drop().await;
}

#[tokio::test]
async fn plans_made_while_the_tables_were_empty_stay_good() {
    let database = Database::migrated().await;
    let batches = database.batches();
    events_from(NEW, batches.clone()).await;
    database.fill().await;
    let before = database.rows_read().await;
    events_from(NEW + ROWS * EXECUTIONS, batches.clone()).await;
    batches.close().await;
    database.quiet().await.close().await;
    let read = database.rows_read().await - before;
    assert!(read < i64::from(sizes().0), "{read} rows were read");
    database.drop().await;
}
