//! Callbacks that nobody at Twilio sent.

use faults::{Expect, Plan, number, signature};
use reqwest::Method;

#[tokio::test(flavor = "multi_thread")]
async fn callbacks_without_a_good_signature_change_nothing() -> anyhow::Result<()> {
    let stage = Plan::default().simulator(&["--suffix-faults"]).with_worker().await?;
    // Wrong signature, and none: the SID is known from the answer, the status stays where it was.
    stage.signup("wrong", &number(9504)).await?;
    stage.signup("missing", &number(9505)).await?;
    stage.signup("good", &number(1)).await?;
    stage.until_case("good", "registered delivered -").await?;
    for user in ["wrong", "missing"] {
        stage.until_case(user, "registered accepted -").await?;
    }
    let url = format!("{}/twilio/status", stage.env["PUBLIC_URL"]);
    let client = reqwest::Client::builder().no_proxy().build()?;
    let sid = stage.database.outcome("good").await?.and_then(|o| o.welcome_sid).expect("a SID");
    let forged = format!(
        "MessageSid={sid}&MessageStatus=failed&ErrorCode=21610&AccountSid={}",
        stage.env["TWILIO_ACCOUNT_SID"]
    );
    let tries = [
        (Method::GET, String::new(), "", 405),
        (Method::POST, forged.clone(), "", 403),
        (Method::POST, forged.clone(), "AAAAAAAAAAAAAAAAAAAAAAAAAAA=", 403),
        (Method::POST, forged, "\u{fe}", 403),
        (Method::POST, "x=".to_owned() + &"y".repeat(70_000), "", 413),
    ];
    for (method, body, signature, expected) in tries {
        let request = client.request(method.clone(), &url).body(body);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let request = request.header("x-twilio-signature", signature.as_bytes());
        assert_eq!(request.send().await?.status().as_u16(), expected, "{method} {signature:?}");
    }
    stage.until_case("good", "registered delivered -").await?;
    assert_eq!(stage.database.number("SELECT count(*) FROM suppressions").await?, 0);
    stage.finish(Expect::users(3)).await
}

/// No time is signed, so what Twilio once sent can come again at any time.
#[tokio::test(flavor = "multi_thread")]
async fn a_replayed_callback_changes_nothing() -> anyhow::Result<()> {
    let stage = Plan::default().with_worker().await?;
    stage.signup("good", &number(1)).await?;
    let sid = stage.until_case("good", "registered delivered -").await?.welcome_sid.expect("a SID");
    let ids: Vec<String> =
        sqlx::query_scalar("SELECT message_id::text FROM attempts").fetch_all(&stage.database.pool).await?;
    let url = format!("{}/twilio/status?mid={}", stage.env["PUBLIC_URL"], ids[0]);
    let client = reqwest::Client::builder().no_proxy().build()?;
    let before = stage.database.fingerprint().await?;
    for status in ["queued", "sent", "delivered", "sending", "accepted"].repeat(4) {
        let account = &stage.env["TWILIO_ACCOUNT_SID"];
        let form = format!("MessageSid={sid}&MessageStatus={status}&AccountSid={account}&SmsSid={sid}");
        let signed = signature(&stage.env["TWILIO_AUTH_TOKEN"], &url, form.as_bytes());
        let request = client.post(&url).body(form).header("x-twilio-signature", signed);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        assert_eq!(request.send().await?.status().as_u16(), 204, "{status}");
    }
    assert_eq!(stage.database.fingerprint().await?, before);
    stage.finish(Expect::users(1)).await
}
