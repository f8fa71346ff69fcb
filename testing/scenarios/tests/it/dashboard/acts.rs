//! What operators do on the pages: the deeds of the commands.

use shared::lane::QueueLane;
use support::{EventBody, Expect, PATIENCE, Plan, Stage, number, until};

use super::{browser::Browser, signed_in, stage};

async fn until_shown(browser: &mut Browser, path: &str, words: &[&str]) -> anyhow::Result<()> {
    until(&format!("{path} shows {words:?}"), PATIENCE, async || {
        let body = browser.get(path).await?.body;
        let missing: Vec<&&str> = words.iter().filter(|w| !body.contains(**w)).collect();
        Ok(if missing.is_empty() { Ok(()) } else { Err(format!("{missing:?} missing")) })
    })
    .await
}

async fn deeds(stage: &Stage, action: &str) -> anyhow::Result<i64> {
    let sql = format!("SELECT count(*) FROM audit_log WHERE actor = 'maya' AND action = '{action}'");
    stage.database.number(&sql).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_pauses_and_resumes_a_lane() -> anyhow::Result<()> {
    let stage = stage(Plan::default()).await?;
    let mut maya = signed_in(&stage, "maya").await?;
    let page = maya.act("/pause", &[("lane", "live"), ("hours", "1"), ("reason", "wrong wording")]).await?;
    assert_eq!((page.status, page.header("location")), (303, "/?note=paused"), "{page:?}");
    until_shown(&mut maya, "/", &["paused until", "action=\"/resume\""]).await?;
    stage.signup("one", &number(1)).await?;
    until("the worker obeys", PATIENCE, async || {
        let (_, body) = stage.workers[0].probe("readyz").await?;
        Ok(if body.contains("\"live_lane\":\"paused until 2") { Ok(()) } else { Err(body) })
    })
    .await?;
    let page = maya.act("/resume", &[("lane", "live"), ("reason", "mended")]).await?;
    assert_eq!(page.header("location"), "/?note=resumed");
    stage.until_case("one", "registered delivered -").await?;
    assert_eq!((deeds(&stage, "pause").await?, deeds(&stage, "resume").await?), (1, 1));
    let blank = maya.act("/pause", &[("lane", "live"), ("hours", "1"), ("reason", " ")]).await?;
    assert_eq!(blank.status, 422, "a reason is needed");
    assert!(maya.get("/audit").await?.body.contains("wrong wording"));
    stage.finish(Expect::users(1)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_replays_a_dead_letter() -> anyhow::Result<()> {
    let stage = stage(Plan::default()).await?;
    stage.broker.publish(QueueLane::Backfill, &EventBody::stored("late").bytes()).await?;
    let letters = "SELECT count(*) FROM onboarding_dead_letters WHERE reason = 'unknown_user'";
    until("a dead letter", PATIENCE, async || {
        let found = stage.database.number(letters).await?;
        Ok(if found == 1 { Ok(()) } else { Err(found.to_string()) })
    })
    .await?;
    stage.database.import("late", &number(1)).await?;
    let id = stage.database.number("SELECT id FROM dead_letters").await?.to_string();
    let mut maya = signed_in(&stage, "maya").await?;
    assert!(maya.get("/letters").await?.body.contains("action=\"/letters/replay\""));
    let page = maya.act("/letters/replay", &[("id", &id), ("reason", "imported her")]).await?;
    assert_eq!(page.header("location"), "/letters?note=replayed", "{page:?}");
    stage.until_case("late", "registered delivered -").await?;
    let again = maya.act("/letters/replay", &[("id", &id), ("reason", "again")]).await?;
    assert_eq!(again.header("location"), "/letters?note=not_replayed");
    assert_eq!(deeds(&stage, "dead replay").await?, 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_settles_an_unknown_outcome() -> anyhow::Result<()> {
    let stage = stage(Plan::default()).await?;
    stage.signup("one", &number(1)).await?;
    stage.until_case("one", "registered delivered -").await?;
    let sid: String = sqlx::query_scalar("SELECT sid FROM attempts").fetch_one(&stage.database.pool).await?;
    let park = "UPDATE attempts SET outcome = 'unknown', sid = NULL, twilio_status = NULL, status_rank = -1,
                                    parked_at = now(), next_check_at = NULL";
    stage.database.execute(park).await?;
    let attempt: String =
        sqlx::query_scalar("SELECT message_id::text FROM attempts").fetch_one(&stage.database.pool).await?;
    let another = "INSERT INTO attempts (message_id, user_id, phone_e164, lane, worker_id, language, body_sha256, segments,
                                         lease_until, outcome, blocks, sid)
                   SELECT gen_random_uuid(), 'another', phone_e164, lane, worker_id, language, body_sha256, segments,
                          lease_until, 'accepted', false, $1 FROM attempts";
    sqlx::query(another).bind(&sid).execute(&stage.database.pool).await?;
    let mut maya = signed_in(&stage, "maya").await?;
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
            stage.database.execute("DELETE FROM attempts WHERE user_id = 'another'").await?;
        }
        let fields = settle(sid, "adopt");
        let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
        let page = maya.act("/unknown/settle", &fields).await?;
        assert_eq!(page.header("location"), format!("/unknown?note={note}"));
    }
    stage.until_case("one", "registered delivered -").await?;
    assert_eq!(deeds(&stage, "unknown adopt").await?, 1);
    stage.finish(Expect::users(1)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_settles_the_unknown_outcomes_of_a_period() -> anyhow::Result<()> {
    let stage = stage(Plan::default()).await?;
    for user in [1, 2] {
        stage.signup(&user.to_string(), &number(user)).await?;
        stage.until_case(&user.to_string(), "registered delivered -").await?;
    }
    let park = "UPDATE attempts SET outcome = 'unknown', sid = NULL, twilio_status = NULL, status_rank = -1,
                                    parked_at = now(), next_check_at = NULL";
    stage.database.execute(park).await?;
    let mut maya = signed_in(&stage, "maya").await?;
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
    assert_eq!(stage.database.number(unknown).await?, 2, "looking changes nothing");
    act(&mut maya, "2026-01-01T00:00", "adopt").await?;
    stage.until_case("1", "registered delivered -").await?;
    stage.until_case("2", "registered delivered -").await?;
    assert_eq!(deeds(&stage, "unknown adopt").await?, 2);
    stage.finish(Expect::users(2)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_overview_counts_what_became_of_everybody() -> anyhow::Result<()> {
    let stage = stage(Plan::default()).await?;
    for user in 1..=4 {
        stage.signup(&user.to_string(), &number(user)).await?;
    }
    stage.signup("5", "01-4412345").await?;
    stage.until_final(5).await?;
    stage.until_case("4", "registered delivered -").await?;
    let mut ram = signed_in(&stage, "ram").await?;
    let meters = [
        "max=\"5\" value=\"5\" aria-label=\"Received\"",
        "value=\"4\" aria-label=\"Delivered\"",
        "A fixed line",
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
    stage.finish(Expect::users(5)).await
}
