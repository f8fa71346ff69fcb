//! One welcome per number, whatever comes again.

use chrono::{TimeDelta, Utc};
use shared::lane::QueueLane;
use support::{EventBody, Expect, TestEnv, number};

#[tokio::test(flavor = "multi_thread")]
async fn repeated_events_send_nothing() -> anyhow::Result<()> {
    let test = TestEnv::builder().with_worker().await?;
    let event = EventBody::signup("one", &number(1));
    for _ in 0..5 {
        test.broker.publish(QueueLane::Live, &event.bytes()).await?;
    }
    let first = test.until_case("one", "registered delivered -").await?;
    for _ in 0..5 {
        test.broker.publish(QueueLane::Live, &event.bytes()).await?;
        test.signup("one", &number(1)).await?;
        test.broker.publish(QueueLane::Backfill, &EventBody::stored("one").bytes()).await?;
    }
    test.until_drained().await?;
    let ledger = test.simulator.ledger().await?;
    assert_eq!((ledger.asked(&number(1)), ledger.accepted), (1, 1));
    assert_eq!(test.database.outcome("one").await?, Some(first));
    test.finish(Expect::users(1)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_number_gets_the_one_welcome_of_the_new_number() -> anyhow::Result<()> {
    let test = TestEnv::builder().with_worker().await?;
    test.signup("mover", &number(1)).await?;
    let old = test.until_case("mover", "registered delivered -").await?;
    test.signup("mover", &number(2)).await?;
    support::until("she has a welcome on the new number", support::PATIENCE, async || {
        let now = test.database.outcome("mover").await?;
        let moved = |o: &support::Outcome| o.phone_e164 == Some(number(2)) && o.welcome_status == "delivered";
        Ok(if now.as_ref().is_some_and(moved) { Ok(()) } else { Err(format!("{now:?}")) })
    })
    .await?;
    let new = test.database.outcome("mover").await?;
    assert_ne!(new.map(|o| o.welcome_sid), Some(old.welcome_sid.clone()));
    // And back: the old number has had its welcome.
    test.signup("mover", &number(1)).await?;
    support::until("she is back", support::PATIENCE, async || {
        let now = test.database.outcome("mover").await?;
        let back = |o: &support::Outcome| o.phone_e164 == Some(number(1)) && o.welcome_sid == old.welcome_sid;
        Ok(if now.as_ref().is_some_and(back) { Ok(()) } else { Err(format!("{now:?}")) })
    })
    .await?;
    let ledger = test.simulator.ledger().await?;
    assert_eq!((ledger.asked(&number(1)), ledger.asked(&number(2))), (1, 1));
    test.finish(Expect::users(1)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_event_changes_nothing() -> anyhow::Result<()> {
    let test = TestEnv::builder().with_worker().await?;
    test.signup("one", &number(1)).await?;
    let first = test.until_case("one", "registered delivered -").await?;
    let older = EventBody::signup("one", &number(2)).at(Utc::now() - TimeDelta::hours(1));
    test.broker.publish(QueueLane::Live, &older.bytes()).await?;
    let unusable = EventBody::signup("one", "hello").at(Utc::now() - TimeDelta::hours(1));
    test.broker.publish(QueueLane::Live, &unusable.bytes()).await?;
    // A later signup of another user: when it is done, the two before it are, for all practical purposes.
    test.signup("two", &number(3)).await?;
    test.until_case("two", "registered delivered -").await?;
    test.until_drained().await?;
    assert_eq!(test.database.outcome("one").await?, Some(first));
    assert_eq!(test.simulator.ledger().await?.asked(&number(2)), 0);
    test.finish(Expect::users(2)).await
}

/// The stored details of user `one`, apart from the number and the outcome.
const DETAILS: &str =
    "SELECT concat_ws(' ', phone_raw, kind, language, channel, display_name, due_date, active, source,
    changed_at > signed_up_at) FROM users WHERE user_id = 'one'";

#[tokio::test(flavor = "multi_thread")]
async fn every_event_keeps_the_users_table_current() -> anyhow::Result<()> {
    let test = TestEnv::builder().with_worker().await?;
    let details = async || -> anyhow::Result<String> {
        Ok(sqlx::query_scalar(DETAILS).fetch_optional(&test.database.pool).await?.unwrap_or_default())
    };
    let first = EventBody::signup("one", &number(1)).with_data("kind", "pregnant_woman");
    let first = first.with_data("preferred_language", "ne").with_data("display_name", "Maya");
    test.broker.publish(QueueLane::Live, &first.at(Utc::now() - TimeDelta::minutes(2)).bytes()).await?;
    let outcome = test.until_case("one", "registered delivered -").await?;
    assert_eq!(details().await?, format!("{} pregnant_woman ne Maya t event f", number(1)));
    // The user was welcomed, the portal closed the account, and an import set a date.
    sqlx::query("UPDATE users SET active = false, due_date = '2026-12-28', source = 'import'")
        .execute(&test.database.pool)
        .await?;
    let spelled = format!(" {}", number(1));
    let mother = EventBody::signup("one", &spelled).with_data("kind", "new_mother");
    let mother = mother.with_data("preferred_channel", "sms").at(Utc::now() - TimeDelta::minutes(1));
    test.broker.publish(QueueLane::Live, &mother.bytes()).await?;
    let expected = format!("{spelled} new_mother ne sms Maya 2026-12-28 t event t");
    support::until("her row is current", support::PATIENCE, async || {
        let now = details().await?;
        Ok(if now == expected { Ok(()) } else { Err(now) })
    })
    .await?;
    // The first one again: it is older.
    let older = EventBody::signup("one", &number(1)).with_data("kind", "other");
    test.broker.publish(QueueLane::Live, &older.at(Utc::now() - TimeDelta::minutes(2)).bytes()).await?;
    test.until_drained().await?;
    assert_eq!(details().await?, expected);
    assert_eq!(test.simulator.ledger().await?.accepted, 1);
    assert_eq!(test.database.outcome("one").await?.map(|o| o.welcome_sid), Some(outcome.welcome_sid));
    test.finish(Expect::users(1)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_event_reads_the_stored_number() -> anyhow::Result<()> {
    let test = TestEnv::builder().with_worker().await?;
    for n in 0..20 {
        test.database.import(&format!("u{n}"), &number(n)).await?;
        test.broker.publish(QueueLane::Backfill, &EventBody::stored(&format!("u{n}")).bytes()).await?;
    }
    test.broker.publish(QueueLane::Backfill, &EventBody::stored("nobody").bytes()).await?;
    test.until_final(20).await?;
    let ledger = test.simulator.ledger().await?;
    assert!((0..20).all(|n| ledger.accepted(&number(n)) == 1));
    test.until_drained().await?;
    let stage_letters = test.database.dead_letters().await?;
    assert_eq!(stage_letters.iter().map(|l| l.reason.as_str()).collect::<Vec<_>>(), ["unknown_user"]);
    test.finish(Expect::users(20)).await
}
