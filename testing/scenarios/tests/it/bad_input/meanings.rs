//! Values that can be misunderstood, as people and programs write them: `testing/cases`.

use shared::lane::QueueLane;
use support::{EventBody, Expect, TestEnv};

macro_rules! case {
    ($path:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../cases/", $path))
    };
}

fn folder(case: &str) -> String {
    format!("{}/../cases/{case}", env!("CARGO_MANIFEST_DIR"))
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_numbers_and_unknown_countries_reach_nobody() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().with_worker().await?;
    for case in ["java-double-phone", "float-tail-nine-digits", "country-hint-uae"] {
        let file = format!("{}/signups.jsonl", folder(case));
        let (code, said) = test.program("signup", &["--format", "jsonl", &file]).await?;
        assert_eq!(code, 0, "{case}: {said}");
    }
    test.until_case("c01", "rejected not_sent damaged_number").await?;
    test.until_case("c03", "rejected not_sent damaged_number").await?;
    let here = test.command(&["phone", "--region", "NP", "0501234567"]).await?.1;
    let reason = here.trim_end().rsplit('\t').next().unwrap_or_default().to_owned();
    test.until_case("c06", &format!("rejected not_sent {reason}")).await?;
    let signup = ["--user-id", "c06b", "--phone", "0501234567", "--country", "UAE"];
    assert_eq!(test.program("signup", &signup).await?.0, 2);
    assert_eq!(test.command(&["phone", "--region", "UAE", "0501234567"]).await?.0, 2);
    assert_eq!(test.simulator.ledger().await?.asked_in_all(), 0);
    test.finish(Expect::users(3)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_behind_a_number_and_a_number_twice_are_read() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().build().await?;
    let notes = ["+9779801234567", "+9779801234568", "+9779801234569"];
    let twice = ["+9779841234567"; 2];
    for (input, expected) in [
        (case!("note-behind-number/numbers.txt"), notes.as_slice()),
        (case!("same-number-twice/numbers.txt"), twice.as_slice()),
    ] {
        let (_, said) = test.command_with_input(&["phone", "-"], input).await?;
        let read: Vec<&str> = said.lines().filter_map(|line| line.split('\t').nth(1)).collect();
        assert_eq!(read, expected);
        assert!(said.lines().all(|line| line.ends_with("\ttrue\tMOBILE\t")), "{said}");
    }
    test.close()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_without_an_offset_orders_events() -> anyhow::Result<()> {
    let test = TestEnv::builder().with_worker().await?;
    test.broker.publish(QueueLane::Live, case!("naive-time/1-newer.jsonl").as_bytes()).await?;
    test.until_case("c10", "registered delivered -").await?;
    test.broker.publish(QueueLane::Live, case!("naive-time/2-older.jsonl").as_bytes()).await?;
    test.until_drained().await?;
    let outcome = test.until_case("c10", "registered delivered -").await?;
    assert_eq!(outcome.phone_e164.as_deref(), Some("+9779801120003"));
    assert_eq!(test.simulator.ledger().await?.asked("+9779801120004"), 0);
    assert!(test.workers[0].metric("onboarding_events_unreadable_time_total", "").await?.abs() < 0.5);
    test.finish(Expect::users(1)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_time_is_older_than_any_other() -> anyhow::Result<()> {
    let test = TestEnv::builder().with_worker().await?;
    let unreadable =
        |user: &str, phone: &str| EventBody::signup(user, phone).with("time", "28/11/2026 12:00");
    // The event does not change a user that has a time. A user without a time is welcomed, and any time is
    // newer than the missing one.
    test.signup("timed", "9801120003").await?;
    test.broker.publish(QueueLane::Live, &unreadable("untimed", "9801120005").bytes()).await?;
    test.until_case("timed", "registered delivered -").await?;
    test.until_case("untimed", "registered delivered -").await?;
    let signed_up = "SELECT count(*) FROM users WHERE user_id = 'untimed' AND signed_up_at IS NULL";
    assert_eq!(test.database.number(signed_up).await?, 1);
    test.broker.publish(QueueLane::Live, &unreadable("timed", "9801120004").bytes()).await?;
    let old = EventBody::signup("untimed", "9801120006").at("2020-01-01T00:00:00Z".parse()?);
    test.broker.publish(QueueLane::Live, &old.bytes()).await?;
    test.until_accepted(3).await?;
    test.until_drained().await?;
    let ledger = test.simulator.ledger().await?;
    assert_eq!((ledger.asked("+9779801120004"), ledger.asked("+9779801120006")), (0, 1));
    let outcome = test.until_case("timed", "registered delivered -").await?;
    assert_eq!(outcome.phone_e164.as_deref(), Some("+9779801120003"));
    let counted = test.workers[0].metric("onboarding_events_unreadable_time_total", "").await?;
    assert!((counted - 2.0).abs() < 0.5, "{counted}");
    test.finish(Expect::users(2)).await
}
