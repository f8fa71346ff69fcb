//! Six users, one of each kind of end; later three dead letters.

use serde_json::json;
use shared::lane::QueueLane;
use support::{EventBody, PATIENCE, TestEnv, number, until};

/// A template for tips.
const FIRST: &str = "HX00000000000000000000000000000001";

pub(super) async fn set() -> anyhow::Result<TestEnv> {
    let options = ["--suffix-faults", "--whatsapp-sender", "whatsapp:+14155550123"];
    let test = TestEnv::builder().simulator(&options).with_worker().await?;
    for (user, phone, case) in [
        ("1039", number(1), "registered delivered -"),
        ("1040", number(2), "registered delivered -"),
        ("1041", number(1), "registered skipped shared_phone"),
        ("1042", number(9403), "registered undelivered error_30003"),
        ("1043", number(9214), "registered failed error_21614"),
        ("1044", "01-4412345".to_owned(), "rejected not_sent landline"),
    ] {
        test.signup(user, &phone).await?;
        test.until_case(user, case).await?;
    }
    Ok(test)
}

pub(super) async fn before(test: &mut TestEnv, name: &str) -> anyhow::Result<()> {
    match name {
        "dead-list" => letters(test).await,
        // However long the test environment took to set, the page speaks of the last minute.
        "stats" => test.database.execute("UPDATE attempts SET claimed_at = now()").await,
        // Twilio answers 500 before the call takes effect, so the outcome cannot be found out.
        "unknown-list" => {
            test.signup("1048", &number(9001)).await?;
            test.until_case("1048", "registered unknown parked").await.map(|_| ())
        }
        "templates" => contents(test).await,
        // Meta paused it, and a worker has noticed.
        "templates-check" => {
            test.simulator.change_content(FIRST, json!({ "status": "paused" })).await?;
            test.command(&["templates", "sync"]).await.map(|_| ())
        }
        // The user was missing when the event arrived.
        "dead-replay" => test.database.import("1045", &number(3)).await,
        _ => Ok(()),
    }
}

/// A template for tips that is approved, and one for the welcome that is under review.
async fn contents(test: &TestEnv) -> anyhow::Result<()> {
    let content = |sid, name, language, body, status| {
        json!({
            "sid": sid, "friendly_name": name, "language": language,
            "types": { "twilio/text": { "body": body } },
            "approval_requests": { "status": status, "category": "UTILITY" },
        })
    };
    let tip = "Aamcare: हप्ता {{1}}. {{2}} शुभ दिन।";
    let welcome = "Welcome to Aamcare. To stop, see {{1}} at any time.";
    let second = "HX00000000000000000000000000000002";
    let contents = [
        content(FIRST, "tip_pregnancy_a", "hi", tip, "approved"),
        content(second, "welcome_en", "en", welcome, "pending"),
    ];
    test.simulator.load_contents(contents.into()).await.map(|_| ())
}

async fn letters(test: &TestEnv) -> anyhow::Result<()> {
    let name = "Sita Tamang";
    let wrong = EventBody::signup("1046", &number(4)).with_data("display_name", name).without("specversion");
    let cut = EventBody::signup("1047", &number(5)).bytes();
    let cut = cut[..cut.len() - 4].to_vec();
    let bodies = [
        (QueueLane::Backfill, EventBody::stored("1045").bytes()),
        (QueueLane::Live, wrong.bytes()),
        (QueueLane::Live, cut),
    ];
    for (n, (lane, body)) in bodies.iter().enumerate() {
        test.broker.publish(*lane, body).await?;
        until("one more dead letter", PATIENCE, async || {
            let letters = test.database.dead_letters().await?.len();
            Ok(if letters == n + 1 { Ok(()) } else { Err(letters.to_string()) })
        })
        .await?;
    }
    Ok(())
}

/// The statement for the id in a transcript's command, as text.
pub(super) fn id(name: &str) -> Option<&'static str> {
    (name == "unknown-settle").then_some("SELECT message_id::text FROM attempts WHERE outcome = 'unknown'")
}
