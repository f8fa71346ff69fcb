//! A short run in which everything that can be reported goes wrong once.

use serde_json::json;
use shared::lane::QueueLane;
use support::{EventBody, Expect, PATIENCE, TestEnv, TestEnvBuilder, number, until};

/// Names that must be nowhere but in the database.
pub(crate) const NAMES: [&str; 2] = ["Sitakumari Seededname", "सीताकुमारी"];
pub(crate) const USERS: u32 = 40;
const OURS: &str = "whatsapp:+14155238886";

/// What the run leaves behind. A user whose call ended with a 503 and without a message needs review. On a busy
/// machine, some users whose call timed out need review too.
pub(crate) fn expect() -> Expect {
    Expect::users(USERS as usize + 6).parked(10)
}

/// Signups of every kind, refusals, lost answers, a revoked token, forged callbacks. Every user has a final state.
pub(crate) async fn play(plan: TestEnvBuilder) -> anyhow::Result<TestEnv> {
    let plan = plan.sender().env("DEFAULT_LANGUAGE", "en").env("TWILIO_WHATSAPP_FROM", OURS);
    let plan = plan.env("INBOX_KEY", &"00".repeat(32)).env("INBOUND_RECONCILE", "1s");
    let mut test = plan.build().await?;
    test.simulator.faults(faults()).await?;
    test.start_worker().await?;
    let mut events: Vec<EventBody> = (0..USERS).map(|n| named(n, &number(n))).collect();
    events.extend(
        ["01-4412345", "12", "98०७९६९२७९", "+1 650 253 0000", ""]
            .iter()
            .zip(USERS..)
            .map(|(p, n)| named(n, p)),
    );
    test.broker.publish_all(&events).await?;
    for body in [&b"no json"[..], b"{}", &named(1, "x").with("type", "np.aamcare.user.other.v9").bytes()] {
        test.broker.publish(QueueLane::Live, body).await?;
    }
    test.broker.publish(QueueLane::Backfill, &EventBody::stored("0").bytes()).await?;
    test.until_final(events.len()).await?;
    test.simulator.faults(json!([])).await?;
    test.simulator.revoke(true).await?;
    test.signup("revoked", &number(500)).await?;
    until("the breaker opens", PATIENCE, async || {
        let open = test.workers[0].metric("onboarding_circuit_state", "account").await?;
        Ok(if open > 1.5 { Ok(()) } else { Err(format!("{open}")) })
    })
    .await?;
    test.simulator.revoke(false).await?;
    forge(&test).await?;
    write(&test).await?;
    test.until_final(events.len() + 1).await?;
    Ok(test)
}

fn named(n: u32, phone: &str) -> EventBody {
    EventBody::signup(&format!("u{n}"), phone).with_data("display_name", NAMES[(n % 2) as usize])
}

fn faults() -> serde_json::Value {
    json!([
        { "operation": "create", "count": 2, "action": { "type": "error", "status": 429, "code": 20429 } },
        { "operation": "create", "count": 2, "action": { "type": "error", "status": 503, "code": 20503 } },
        { "operation": "create", "count": 1, "action": { "type": "refuse", "code": 21610 } },
        { "operation": "create", "count": 1, "action": { "type": "refuse", "code": 21614 } },
        { "operation": "create", "count": 1, "action": { "type": "refuse", "code": 21408 } },
        { "operation": "create", "count": 2, "action": { "type": "reset", "store": true } },
        { "operation": "create", "count": 1, "action": { "type": "broken_json" } },
        { "operation": "create", "count": 2, "action": { "type": "final_status", "status": "undelivered", "error_code": 30003 } },
        { "operation": "create", "count": 2, "action": { "type": "duplicate_callbacks", "copies": 2 } },
        { "operation": "create", "count": 2, "action": { "type": "wrong_signature" } },
        { "operation": "lookup", "count": 2, "action": { "type": "error", "status": 500 } },
        { "operation": "lookup", "count": 1, "action": { "type": "lookup_invalid", "error": "TOO_SHORT" } },
    ])
}

/// A message that the webhook gets, one that it does not get, and one whose key is lost. None is answered, because their
/// authors are known by an id alone.
async fn write(test: &TestEnv) -> anyhow::Result<()> {
    let url = format!("{}/twilio/inbound", test.env["PUBLIC_URL"]);
    for deliver in [true, false] {
        let from = "whatsapp:NP.1234567890";
        let message = json!({ "url": url, "from": from, "to": OURS, "body": NAMES[0], "deliver": deliver });
        test.simulator.inbound(message).await?;
    }
    let lost = "INSERT INTO inbound (message_sid, channel, recipient, external_id, kind, body)
                VALUES ('SM1', 'whatsapp', '+14155238886', 'NP.1', 'text', '\\x01')";
    test.database.execute(lost).await?;
    let handled = "SELECT count(*) FROM inbound WHERE handled_at IS NOT NULL";
    test.database.until("both are handled", handled, 2).await?;
    until("the third is counted", PATIENCE, async || {
        let counted = test.workers[0].metric("onboarding_inbound_unreadable_total", "").await?;
        Ok(if counted > 0.5 { Ok(()) } else { Err(format!("{counted}")) })
    })
    .await
}

async fn forge(test: &TestEnv) -> anyhow::Result<()> {
    let address = test.workers[0].webhook().ok_or_else(|| anyhow::anyhow!("a webhook"))?;
    let client = reqwest::Client::builder().no_proxy().build()?;
    let to = number(1);
    let form = [("MessageSid", "SM00000000000000000000000000000001"), ("To", to.as_str())];
    let answer = client.post(format!("http://{address}/twilio/status")).form(&form).send().await?;
    assert_eq!(answer.status().as_u16(), 403);
    Ok(())
}
