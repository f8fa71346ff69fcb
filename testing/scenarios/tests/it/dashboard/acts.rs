//! Operators make the same changes on the pages as with the commands.

use shared::lane::QueueLane;
use support::{EventBody, Expect, PATIENCE, TestEnv, number, until};

use super::{browser::Browser, signed_in, test_env};

async fn until_shown(browser: &mut Browser, path: &str, words: &[&str]) -> anyhow::Result<()> {
    until(&format!("{path} shows {words:?}"), PATIENCE, async || {
        let body = browser.get(path).await?.body;
        let missing: Vec<&&str> = words.iter().filter(|w| !body.contains(**w)).collect();
        Ok(if missing.is_empty() { Ok(()) } else { Err(format!("{missing:?} missing")) })
    })
    .await
}

async fn deeds(test: &TestEnv, action: &str) -> anyhow::Result<i64> {
    let sql = format!("SELECT count(*) FROM audit_log WHERE actor = 'maya' AND action = '{action}'");
    test.database.number(&sql).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_pauses_and_resumes_a_lane() -> anyhow::Result<()> {
    let test = test_env(TestEnv::builder()).await?;
    let mut maya = signed_in(&test, "maya").await?;
    let page = maya.act("/pause", &[("lane", "live"), ("hours", "1"), ("reason", "wrong wording")]).await?;
    assert_eq!((page.status, page.header("location")), (303, "/?note=paused"), "{page:?}");
    until_shown(&mut maya, "/", &["paused until", "action=\"/resume\""]).await?;
    test.signup("one", &number(1)).await?;
    until("the worker obeys", PATIENCE, async || {
        let (_, body) = test.workers[0].probe("readyz").await?;
        Ok(if body.contains("\"live_lane\":\"paused until 2") { Ok(()) } else { Err(body) })
    })
    .await?;
    let page = maya.act("/resume", &[("lane", "live"), ("reason", "mended")]).await?;
    assert_eq!(page.header("location"), "/?note=resumed");
    test.until_case("one", "registered delivered -").await?;
    assert_eq!((deeds(&test, "pause").await?, deeds(&test, "resume").await?), (1, 1));
    let blank = maya.act("/pause", &[("lane", "live"), ("hours", "1"), ("reason", " ")]).await?;
    assert_eq!(blank.status, 422, "a reason is needed");
    assert!(maya.get("/audit").await?.body.contains("wrong wording"));
    test.finish(Expect::users(1)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_replays_a_dead_letter() -> anyhow::Result<()> {
    let test = test_env(TestEnv::builder()).await?;
    test.broker.publish(QueueLane::Backfill, &EventBody::stored("late").bytes()).await?;
    let letters = "SELECT count(*) FROM onboarding_dead_letters WHERE reason = 'unknown_user'";
    until("a dead letter", PATIENCE, async || {
        let found = test.database.number(letters).await?;
        Ok(if found == 1 { Ok(()) } else { Err(found.to_string()) })
    })
    .await?;
    test.database.import("late", &number(1)).await?;
    let id = test.database.number("SELECT id FROM dead_letters").await?.to_string();
    let mut maya = signed_in(&test, "maya").await?;
    assert!(maya.get("/letters").await?.body.contains("action=\"/letters/replay\""));
    let page = maya.act("/letters/replay", &[("id", &id), ("reason", "imported her")]).await?;
    assert_eq!(page.header("location"), "/letters?note=replayed", "{page:?}");
    test.until_case("late", "registered delivered -").await?;
    let again = maya.act("/letters/replay", &[("id", &id), ("reason", "again")]).await?;
    assert_eq!(again.header("location"), "/letters?note=not_replayed");
    assert_eq!(deeds(&test, "dead replay").await?, 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_settles_an_unknown_outcome() -> anyhow::Result<()> {
    let test = test_env(TestEnv::builder()).await?;
    test.signup("one", &number(1)).await?;
    test.until_case("one", "registered delivered -").await?;
    let sid: String = sqlx::query_scalar("SELECT sid FROM attempts").fetch_one(&test.database.pool).await?;
    let park = "UPDATE attempts SET outcome = 'unknown', sid = NULL, twilio_status = NULL, status_rank = -1,
                                    parked_at = now(), next_check_at = NULL";
    test.database.execute(park).await?;
    let attempt: String =
        sqlx::query_scalar("SELECT message_id::text FROM attempts").fetch_one(&test.database.pool).await?;
    let another = "INSERT INTO attempts (message_id, user_id, phone_e164, lane, worker_id, language, body_sha256, segments,
                                         lease_until, outcome, blocks, sid)
                   SELECT gen_random_uuid(), 'another', phone_e164, lane, worker_id, language, body_sha256, segments,
                          lease_until, 'accepted', false, $1 FROM attempts";
    sqlx::query(another).bind(&sid).execute(&test.database.pool).await?;
    let mut maya = signed_in(&test, "maya").await?;
    assert!(maya.get("/unknown").await?.body.contains(&attempt));
    let settle = |sid: &str, decision: &str| {
        [
            ("attempt", attempt.clone()),
            ("decision", decision.to_owned()),
            ("sid", sid.to_owned()),
            ("reason", "seen in the console".to_owned()),
        ]
    };
    for (sid, note) in [
        ("nonsense", "bad_sid"),
        ("SM000000000000000000000000000000ff", "twilio_away"),
        (sid.as_str(), "taken_sid"),
        (sid.as_str(), "settled"),
    ] {
        if note == "settled" {
            test.database.execute("DELETE FROM attempts WHERE user_id = 'another'").await?;
        }
        let fields = settle(sid, "adopt");
        let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
        let page = maya.act("/unknown/settle", &fields).await?;
        assert_eq!(page.header("location"), format!("/unknown?note={note}"));
    }
    test.until_case("one", "registered delivered -").await?;
    assert_eq!(deeds(&test, "unknown adopt").await?, 1);
    test.finish(Expect::users(1)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_settles_the_unknown_outcomes_of_a_period() -> anyhow::Result<()> {
    let test = test_env(TestEnv::builder()).await?;
    for user in [1, 2] {
        test.signup(&user.to_string(), &number(user)).await?;
        test.until_case(&user.to_string(), "registered delivered -").await?;
    }
    let park = "UPDATE attempts SET outcome = 'unknown', sid = NULL, twilio_status = NULL, status_rank = -1,
                                    parked_at = now(), next_check_at = NULL";
    test.database.execute(park).await?;
    let mut maya = signed_in(&test, "maya").await?;
    let act = async |browser: &mut Browser, since: &str, how: &str| {
        let fields = [("since", since), ("until", "2099-01-01T00:00"), ("how", how), ("reason", "outage")];
        browser.act("/unknown/settle-period", &fields).await
    };
    for (since, status, place) in [
        ("2026-01-01T00:00", 303, "/unknown?note=settling"),
        ("2100-01-01T00:00", 303, "/unknown?note=bad_period"),
        ("yesterday", 422, ""),
    ] {
        let page = act(&mut maya, since, "look").await?;
        assert_eq!((page.status, page.header("location")), (status, place), "{since}");
        until_shown(&mut maya, "/unknown", &["only looked", "finished", "<code>adopted</code>"]).await?;
    }
    let unknown = "SELECT count(*) FROM attempts WHERE outcome = 'unknown'";
    assert_eq!(test.database.number(unknown).await?, 2, "looking changes nothing");
    act(&mut maya, "2026-01-01T00:00", "adopt").await?;
    test.until_case("1", "registered delivered -").await?;
    test.until_case("2", "registered delivered -").await?;
    assert_eq!(deeds(&test, "unknown adopt").await?, 2);
    test.finish(Expect::users(2)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_overview_counts_what_became_of_everybody() -> anyhow::Result<()> {
    let test = test_env(TestEnv::builder()).await?;
    for user in 1..=4 {
        test.signup(&user.to_string(), &number(user)).await?;
    }
    test.signup("5", "01-4412345").await?;
    test.until_final(5).await?;
    test.until_case("4", "registered delivered -").await?;
    let mut ram = signed_in(&test, "ram").await?;
    let meters = [
        "max=\"5\" value=\"5\" aria-label=\"Received\"",
        "value=\"4\" aria-label=\"Delivered\"",
        "A fixed line",
        "<th scope=\"row\">SMS</th><td class=\"num\">4</td><td class=\"num\">4</td>",
    ];
    for path in ["/", "/?window=7d", "/?window=30d"] {
        until_shown(&mut ram, path, &meters).await?;
    }
    until_shown(&mut ram, "/?lang=ne", &["<html lang=\"ne\"", "ल्यान्डलाइन फोन", "८०\u{202f}%"]).await?;
    until_shown(&mut ram, "/?lang=en&theme=dark", &["data-theme=\"dark\"", "80\u{202f}%"]).await?;
    assert_eq!(ram.get("/?window=forever").await?.status, 422);
    assert_eq!(ram.get("/search?q=4").await?.header("location"), "/person?id=4");
    let story = ram.get("/person?id=4").await?.body;
    assert!(story.contains("Signed up") && story.contains("Callback: delivered"), "{story}");
    test.finish(Expect::users(5)).await
}
