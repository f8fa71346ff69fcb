//! `worker dead` finds dead letters, shows them without their content, and publishes them again or drops them.

use serde_json::Value;
use shared::lane::QueueLane;
use support::{EventBody, Expect, PATIENCE, RawPublisher, TestEnv, number, short_property, until};

const NAME: &str = "Sita Tamang";

/// Signups with a name: the first one's field has another name, the second one's type is of tomorrow, the third
/// one's body is cut off.
fn poison() -> Vec<Vec<u8>> {
    let named = |n: u32| EventBody::signup(&n.to_string(), &number(n)).with_data("display_name", NAME);
    let wrong_field = EventBody::signup("1", "")
        .with("data", serde_json::json!({ "id": 1, "phone": number(1), "name": NAME }));
    let cut = named(3).bytes();
    vec![
        wrong_field.bytes(),
        named(2).with("type", "np.aamcare.user.signed_up.v2").bytes(),
        cut[..cut.len() - 9].to_vec(),
    ]
}

async fn until_open(test: &TestEnv, letters: i64) -> anyhow::Result<()> {
    until(&format!("{letters} open dead letters"), PATIENCE, async || {
        let open = test.database.number("SELECT count(*) FROM onboarding_dead_letters").await?;
        Ok(if open == letters { Ok(()) } else { Err(open.to_string()) })
    })
    .await
}

/// A test environment with a worker that has put these bodies away.
async fn with_poison(bodies: &[Vec<u8>]) -> anyhow::Result<TestEnv> {
    let test = TestEnv::builder().with_worker().await?;
    for body in bodies {
        test.broker.publish(QueueLane::Live, body).await?;
    }
    until_open(&test, i64::try_from(bodies.len())?).await?;
    Ok(test)
}

/// A backfill event of a user that is imported only later.
async fn with_a_stranger() -> anyhow::Result<TestEnv> {
    let test = TestEnv::builder().with_worker().await?;
    test.broker.publish(QueueLane::Backfill, &EventBody::stored("1042").bytes()).await?;
    until_open(&test, 1).await?;
    Ok(test)
}

async fn dead(test: &mut TestEnv, args: &[&str], exit: i32) -> anyhow::Result<String> {
    let all: Vec<&str> = std::iter::once("dead").chain(args.iter().copied()).collect();
    let (code, said) = test.command(&all).await?;
    assert_eq!(code, exit, "{args:?}: {said}");
    Ok(said)
}

fn shows_nobody(said: &str) {
    for n in 1..=3 {
        assert!(!said.contains(number(n).trim_start_matches("+977")), "a number is shown: {said}");
    }
    for word in NAME.split(' ') {
        assert!(!said.contains(word), "a name is shown: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_listed_and_shown_without_their_content() -> anyhow::Result<()> {
    let mut test = with_poison(&poison()).await?;
    let human = dead(&mut test, &["list"], 0).await?;
    for reason in ["schema", "unknown_type", "malformed"] {
        assert!(human.contains(reason), "{reason} is missing: {human}");
    }
    shows_nobody(&human);
    let json = dead(&mut test, &["list", "--output", "json"], 0).await?;
    let list: Value = serde_json::from_str(&json)?;
    assert_eq!((&list["schema"], list["letters"].as_array().map(Vec::len)), (&"dead/1".into(), Some(3)));
    let csv = dead(&mut test, &["list", "--output", "csv", "--reason", "schema"], 0).await?;
    assert_eq!(csv.lines().count(), 2, "{csv}");
    for (args, lines) in [
        (["list", "--since", "1h", "--output", "jsonl"], 3),
        (["list", "--until", "1h", "--output", "jsonl"], 0),
        (["list", "--lane", "backfill", "--output", "jsonl"], 0),
        (["list", "--limit", "2", "--output", "jsonl"], 2),
    ] {
        assert_eq!(dead(&mut test, &args, 0).await?.lines().count(), lines, "{args:?}");
    }
    for form in ["human", "json", "jsonl"] {
        let shown = dead(&mut test, &["show", "1", "2", "3", "--output", form], 0).await?;
        shows_nobody(&shown);
        assert!(shown.contains("phone_number") && shown.contains('•'), "{shown}");
        shows_nobody(&json);
    }
    dead(&mut test, &["show", "99"], 3).await?;
    let audited = test.database.number("SELECT count(*) FROM audit_log").await?;
    assert_eq!(audited, 0, "looking at masked letters is no deed");
    test.finish(Expect::users(0)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_is_revealed_only_with_a_reason_that_is_recorded() -> anyhow::Result<()> {
    let mut test = with_poison(&poison()[..1]).await?;
    dead(&mut test, &["show", "1", "--reveal"], 2).await?;
    let why = ["show", "1", "--reveal", "--because", "the portal asks", "--actor", "maya"];
    let shown = dead(&mut test, &why, 0).await?;
    assert!(shown.contains(&number(1)) && shown.contains(NAME), "{shown}");
    let audited = "SELECT count(*) FROM audit_log WHERE actor = 'maya' AND action = 'dead show --reveal'
                   AND subject = 'letters 1' AND reason = 'the portal asks'";
    assert_eq!(test.database.number(audited).await?, 1);
    // If the command cannot record the access, it does not show the content.
    test.database.execute("ALTER TABLE audit_log RENAME TO audit_log_away").await?;
    let said = dead(&mut test, &why, 69).await?;
    shows_nobody(&said);
    test.database.execute("ALTER TABLE audit_log_away RENAME TO audit_log").await?;
    test.finish(Expect::users(0)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mended_letter_is_replayed_and_welcomed_once() -> anyhow::Result<()> {
    let mut test = with_a_stranger().await?;
    test.database.import("1042", &number(1)).await?;
    let replay = ["replay", "--reason", "unknown_user", "--because", "imported her", "--actor", "maya"];
    let looked = dead(&mut test, &["replay", "--reason", "unknown_user", "--dry-run"], 0).await?;
    assert!(looked.contains("1 dead letter would be published; nothing was changed"), "{looked}");
    until_open(&test, 1).await?;
    let said = dead(&mut test, &replay, 0).await?;
    assert!(said.contains("1 dead letter published"), "{said}");
    test.until_case("1042", "registered delivered -").await?;
    let again = dead(&mut test, &replay, 0).await?;
    assert!(again.contains("no open dead letter matches: nothing was published"), "{again}");
    let named = dead(&mut test, &["replay", "1", "--because", "once more"], 0).await?;
    assert!(named.contains("letter 1 was replayed already"), "{named}");
    // Even if the mark of the first replay is lost, the user is not welcomed twice.
    test.database.execute("UPDATE dead_letters SET replayed_at = NULL, replayed_by = NULL").await?;
    dead(&mut test, &replay, 0).await?;
    test.until_drained().await?;
    assert_eq!(test.simulator.totals().await?.asked_in_all(), 1, "she was asked twice");
    let audited = "SELECT count(*) FROM audit_log WHERE actor = 'maya' AND action = 'dead replay'
                   AND subject = 'letters 1' AND reason = 'imported her'";
    assert_eq!(test.database.number(audited).await?, 2);
    test.finish(Expect::users(1)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn replaying_an_old_dead_letter_keeps_the_newer_number() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().with_worker().await?;
    let mut raw = RawPublisher::connect(&test.broker).await?;
    // An event without a time of its own, which is only readable once it is replayed.
    let old = EventBody::signup("one", &number(1)).without("time").bytes();
    raw.publish(QueueLane::Live, &short_property(7, b"\xff"), &old).await?;
    until_open(&test, 1).await?;
    test.signup("one", &number(2)).await?;
    test.until_case("one", "registered delivered -").await?;
    // The event is published again: the time of the first publish counts.
    raw.publish(QueueLane::Live, &short_property(7, b"\xff"), &old).await?;
    let twice = "SELECT count(*) FROM dead_letters WHERE seen = 2";
    until("the letter came again", PATIENCE, async || {
        let seen = test.database.number(twice).await?;
        Ok(if seen == 1 { Ok(()) } else { Err("not yet".to_owned()) })
    })
    .await?;
    dead(&mut test, &["replay", "1", "--because", "readable now"], 0).await?;
    test.until_drained().await?;
    let ledger = test.simulator.ledger().await?;
    assert_eq!((ledger.asked(&number(1)), ledger.accepted(&number(2))), (0, 1));
    test.finish(Expect::users(1)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_broker_gave_up_on_keeps_the_earliest_time_of_its_publish() -> anyhow::Result<()> {
    let test = TestEnv::builder().with_worker().await?;
    let mut raw = RawPublisher::connect(&test.broker).await?;
    for (copy, seconds) in (1..).zip([2_000_u64, 1_000, 3_000]) {
        let timestamp = [&(1_u16 << 6).to_be_bytes()[..], &seconds.to_be_bytes()].concat();
        raw.publish_dead(&timestamp, b"given up").await?;
        until("it is counted", PATIENCE, async || {
            let seen =
                test.database.number("SELECT coalesce(max(seen), 0)::bigint FROM dead_letters").await?;
            Ok(if seen == copy { Ok(()) } else { Err(seen.to_string()) })
        })
        .await?;
    }
    let published = "SELECT extract(epoch FROM published_at)::bigint FROM dead_letters";
    assert_eq!(test.database.number(published).await?, 1_000);
    test.finish(Expect::users(0)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_left_and_what_comes_back_is_open_again() -> anyhow::Result<()> {
    let mut test = with_poison(&poison()).await?;
    test.broker.publish(QueueLane::Backfill, &EventBody::stored("nobody").bytes()).await?;
    until_open(&test, 4).await?;
    // The command would publish more than one letter, and it cannot ask for confirmation.
    let said = dead(&mut test, &["replay", "--because", "all of them"], 2).await?;
    assert!(said.contains("this publishes 4 dead letters") && said.contains("--yes"), "{said}");
    let said = dead(&mut test, &["replay", "--because", "all of them", "--yes", "--rate", "5"], 3).await?;
    assert!(said.contains("1 dead letter published; left alone"), "{said}");
    assert!(said.contains("1 malformed, 1 schema, 1 unknown_type"), "{said}");
    until("the stranger's letter came back", PATIENCE, async || {
        let back = "SELECT count(*) FROM onboarding_dead_letters WHERE reason = 'unknown_user' AND seen = 2";
        let back = test.database.number(back).await?;
        Ok(if back == 1 { Ok(()) } else { Err("it is away".to_owned()) })
    })
    .await?;
    until_open(&test, 4).await?;
    test.finish(Expect::users(0)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_without_a_broker_changes_nothing() -> anyhow::Result<()> {
    let mut test = with_a_stranger().await?;
    test.database.import("1042", &number(1)).await?;
    let broker = test.env.insert("AMQP_URL".into(), "amqp://guest:guest@127.0.0.1:1".into());
    let said = dead(&mut test, &["replay", "1", "--because", "imported her"], 69).await?;
    assert!(said.contains("nothing was published") && !said.contains("guest"), "{said}");
    until_open(&test, 1).await?;
    assert_eq!(test.database.number("SELECT count(*) FROM audit_log").await?, 0);
    test.env.insert("AMQP_URL".into(), broker.expect("the broker"));
    dead(&mut test, &["replay", "1", "--because", "imported her"], 0).await?;
    test.until_case("1042", "registered delivered -").await?;
    test.finish(Expect::users(1)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_letter_is_emptied_and_its_row_stays() -> anyhow::Result<()> {
    let bodies = poison();
    let mut test = with_poison(&bodies).await?;
    dead(&mut test, &["drop", "1"], 2).await?;
    let looked = dead(&mut test, &["drop", "--dry-run"], 0).await?;
    assert!(looked.contains("3 dead letters would be dropped"), "{looked}");
    let why = ["--because", "a test of the portal", "--actor", "maya"];
    let said = dead(&mut test, &[&["drop", "1"][..], &why].concat(), 0).await?;
    assert!(said.contains("1 dead letter dropped"), "{said}");
    dead(&mut test, &[&["drop"][..], &why].concat(), 2).await?;
    until_open(&test, 2).await?;
    dead(&mut test, &[&["drop", "--yes"][..], &why].concat(), 0).await?;
    until_open(&test, 0).await?;
    let emptied =
        "SELECT count(*) FROM dead_letters WHERE body = '' AND headers = '{}' AND dropped_by = 'maya'";
    assert_eq!(test.database.number(emptied).await?, 3);
    let audited =
        "SELECT count(*) FROM audit_log WHERE action = 'dead drop' AND reason = 'a test of the portal'";
    assert_eq!(test.database.number(audited).await?, 2);
    let replay = dead(&mut test, &["replay", "1", "--because", "too late"], 0).await?;
    assert!(replay.contains("letter 1 was dropped already"), "{replay}");
    test.broker.publish(QueueLane::Live, &bodies[0]).await?;
    until_open(&test, 1).await?;
    let same_row = "SELECT count(*) FROM dead_letters WHERE dropped_at IS NULL AND seen = 2";
    assert_eq!(test.database.number(same_row).await?, 1, "it was not the same row");
    test.finish(Expect::users(0)).await
}
