//! From the schema of the first release to today's, beside workers of that release.

use shared::db::MIGRATIONS;
use sqlx::{Connection, Executor, PgConnection, Row};

use crate::store::{
    claim::ClaimResult,
    fixtures::Database,
    migrate::migrate,
    world::{World, now},
};

/// The last migration of the first release.
const FIRST_RELEASE: i64 = 20_261_128_000_001;

/// The claim of the first release, of one number.
const OLD_CLAIM: &str = "
    WITH claimed AS (
        INSERT INTO attempts (message_id, user_id, phone_e164, lane, worker_id, language, body_sha256, segments, lease_until,
                              traceparent)
        SELECT i.message_id, i.user_id, i.phone, i.lane, 'old', i.language, i.body_sha256, i.segments,
               now() + make_interval(secs => 90), i.traceparent
        FROM UNNEST($1::uuid[], $2::text[], $3::text[], $4::lane[], $5::text[], $6::bytea[], $7::int2[], $8::text[])
             AS i(message_id, user_id, phone, lane, language, body_sha256, segments, traceparent)
        WHERE (SELECT s.id FROM suppressions s WHERE s.phone_e164 = i.phone AND s.lifted_at IS NULL) IS NULL
        ORDER BY i.phone COLLATE \"C\"
        ON CONFLICT DO NOTHING
        RETURNING message_id
    ), leased AS (
        INSERT INTO leases (lease_until, message_ids)
        SELECT now() + make_interval(secs => 90), array_agg(message_id) FROM claimed HAVING count(*) > 0
    )
    SELECT message_id FROM claimed";

/// Every state of a user with every outcome of an attempt that a row may name, and with none.
const ALL_ROWS: &str = "
    INSERT INTO attempts (message_id, user_id, phone_e164, outcome, blocks, lane, worker_id, language, body_sha256, segments,
                          lease_until, sid, twilio_status, status_rank, error_code, parked_at)
    SELECT gen_random_uuid(), concat_ws('-', state, outcome, status, parked, reason), '+97798' || 10000000 + row_number() OVER (),
           outcome, outcome IN ('sending', 'accepted', 'unknown'), 'live', 'w', 'ne', '', 1, now(),
           CASE WHEN outcome = 'accepted' THEN 'SM1' END, CASE WHEN outcome = 'accepted' THEN status END,
           CASE WHEN outcome = 'accepted' THEN 3 ELSE -1 END, CASE WHEN status = 'failed' THEN 30008 END,
           CASE WHEN parked THEN now() END
    FROM unnest(enum_range(NULL::user_state)) state, unnest(enum_range(NULL::attempt_outcome)) outcome,
         unnest(ARRAY['accepted', 'sent', 'delivered', 'undelivered', 'failed']) status, unnest(ARRAY[true, false]) parked,
         unnest(ARRAY['', 'shared_phone']) reason;
    INSERT INTO users (user_id, phone_raw, phone_e164, source, changed_at, state, reason, attempt_id)
    SELECT user_id, phone_e164, phone_e164, 'event', now(), split_part(user_id, '-', 1)::user_state,
           NULLIF(split_part(user_id, '-', 5), ''), message_id FROM attempts;
    INSERT INTO users (user_id, phone_raw, source, changed_at, state, reason)
    SELECT concat_ws('-', 'none', state, reason), '', 'event', now(), state, reason
    FROM unnest(enum_range(NULL::user_state)) state, unnest(ARRAY[NULL, 'shared_phone', 'opted_out']) reason";

#[tokio::test]
async fn the_published_view_says_the_same_of_every_row_as_in_the_first_release() {
    let database = Database::migrated().await;
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    let of_before = MIGRATIONS.iter().filter(|m| m.version <= FIRST_RELEASE);
    let mut definitions = of_before.filter_map(|m| Some(m.sql.split_once("VIEW onboarding_status AS")?.1));
    let definition = definitions.next_back().and_then(|sql| sql.split(';').next()).unwrap();
    connection.execute(format!("CREATE VIEW old_status AS {definition}").as_str()).await.unwrap();
    connection.execute(ALL_ROWS).await.unwrap();
    let columns =
        "user_id, phone_e164, state, reason, registration_method, registered_at, welcome_sid, welcome_status,
                   attempts, updated_at, run_id";
    let differing = format!(
        "SELECT count(*) FROM ((SELECT {columns} FROM old_status EXCEPT ALL SELECT {columns} FROM onboarding_status)
         UNION ALL (SELECT {columns} FROM onboarding_status EXCEPT ALL SELECT {columns} FROM old_status)) d"
    );
    let rows = connection.fetch_one("SELECT count(*) FROM onboarding_status").await.unwrap();
    assert!(rows.get::<i64, _>(0) > 500);
    assert_eq!(connection.fetch_one(differing.as_str()).await.unwrap().get::<i64, _>(0), 0);
    database.drop().await;
}

#[tokio::test]
async fn an_upgrade_rewrites_no_table_and_keeps_every_index() {
    let database = Database::create().await;
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    let released = MIGRATIONS.iter().filter(|m| m.version <= FIRST_RELEASE);
    sqlx::migrate::Migrate::ensure_migrations_table(&mut connection).await.unwrap();
    for migration in released {
        sqlx::migrate::Migrate::apply(&mut connection, migration).await.unwrap();
    }
    connection.execute(ALL_ROWS).await.unwrap();
    // A table or an index that is rewritten or dropped and built again gets another file.
    let files = "SELECT string_agg(relname || ' ' || relfilenode, ', ' ORDER BY relname) FROM pg_class
                 WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i') AND relname !~ '^_sqlx'
                   AND relname = ANY($1)";
    let names = "SELECT array_agg(relname::text) FROM pg_class WHERE relnamespace = 'public'::regnamespace
                 AND relkind IN ('r', 'i')";
    let names: Vec<String> = connection.fetch_one(names).await.unwrap().get(0);
    let before: String = sqlx::query_scalar(files).bind(&names).fetch_one(&mut connection).await.unwrap();
    migrate(&mut connection).await.unwrap();
    let after: String = sqlx::query_scalar(files).bind(&names).fetch_one(&mut connection).await.unwrap();
    assert_eq!(before, after);
    database.drop().await;
}

/// The migration after which each loss has marks of its own.
const LOSS_MARKS: i64 = 20_261_206_500_001;

#[tokio::test]
async fn losses_from_before_their_marks_keep_whom_they_silence() {
    let database = Database::create().await;
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    sqlx::migrate::Migrate::ensure_migrations_table(&mut connection).await.unwrap();
    for migration in MIGRATIONS.iter().filter(|m| m.version < LOSS_MARKS) {
        sqlx::migrate::Migrate::apply(&mut connection, migration).await.unwrap();
    }
    let rows = "
        INSERT INTO silenced_users (user_id, because, loss_of, source) VALUES
            ('ama', 'loss', 'ama', 'event'), ('ba', 'loss', 'ama', 'event'), ('cy', 'stop', NULL, 'event');
        INSERT INTO person_keys (user_id, phone_e164) VALUES ('ama', NULL), ('ama', '+1'), ('ama', '+2'), ('cy', '+5');
        INSERT INTO suppressions (phone_e164, source, actor, reason, loss, lifted_at) VALUES
            ('+1', 'event', 'x', 'x', true, NULL), ('+2', 'event', 'x', 'x', false, NULL),
            ('+3', 'staff', 'x', 'x', true, NULL), ('+4', 'staff', 'x', 'x', true, now())";
    connection.execute(rows).await.unwrap();
    migrate(&mut connection).await.unwrap();
    let marks =
        "SELECT string_agg(concat_ws(' ', loss_of, coalesce(user_id, '-'), coalesce(phone_e164, '-')), ', '
                                   ORDER BY loss_of, user_id) FROM loss_marks";
    let marks: String = sqlx::query_scalar(marks).fetch_one(&mut connection).await.unwrap();
    assert_eq!(marks, "+3 - +3, ama ama +1, ama ba -");
    database.drop().await;
}

#[tokio::test]
async fn workers_of_the_first_release_and_of_this_one_claim_a_number_once() {
    let world = World::create().await;
    let old_claim = async |user: &str, number: u32| {
        let id = uuid::Uuid::now_v7();
        let granted = sqlx::query(OLD_CLAIM)
            .bind([id])
            .bind([user])
            .bind([format!("+977984{number:07}")])
            .bind([shared::lane::QueueLane::Live])
            .bind(["ne"])
            .bind([vec![0_u8; 32]])
            .bind([1_i16])
            .bind([None::<String>]);
        granted.fetch_all(&world.pool).await.unwrap().len()
    };
    assert_eq!(old_claim("one", 1).await, 1);
    assert_eq!(world.claim(&now("two", 1)).await.1, ClaimResult::Shared);
    assert_eq!(world.claim(&now("three", 3)).await.1, ClaimResult::Yes);
    assert_eq!(old_claim("four", 3).await, 0);
    world.end().await;
}
