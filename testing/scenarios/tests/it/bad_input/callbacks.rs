//! Forged and replayed callbacks.

use reqwest::Method;
use support::{Expect, TestEnv, number};

#[tokio::test(flavor = "multi_thread")]
async fn callbacks_without_a_good_signature_change_nothing() -> anyhow::Result<()> {
    let test = TestEnv::builder().simulator(&["--suffix-faults"]).with_worker().await?;
    // Wrong signature, and none: the SID is known from the answer, the status stays where it was.
    test.signup("wrong", &number(9504)).await?;
    test.signup("missing", &number(9505)).await?;
    test.signup("good", &number(1)).await?;
    test.until_case("good", "registered delivered -").await?;
    for user in ["wrong", "missing"] {
        test.until_case(user, "registered accepted -").await?;
    }
    let url = format!("{}/twilio/status", test.env["PUBLIC_URL"]);
    let client = reqwest::Client::builder().no_proxy().build()?;
    let sid = test.database.outcome("good").await?.and_then(|o| o.welcome_sid).expect("a SID");
    let forged = format!(
        "MessageSid={sid}&MessageStatus=failed&ErrorCode=21610&AccountSid={}",
        test.env["TWILIO_ACCOUNT_SID"]
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
    test.until_case("good", "registered delivered -").await?;
    assert_eq!(test.database.number("SELECT count(*) FROM suppressions").await?, 0);
    test.finish(Expect::users(3)).await
}

/// No time is signed, so what Twilio once sent can come again at any time.
#[tokio::test(flavor = "multi_thread")]
async fn a_replayed_callback_changes_nothing() -> anyhow::Result<()> {
    let test = TestEnv::builder().with_worker().await?;
    test.signup("good", &number(1)).await?;
    let sid = test.until_case("good", "registered delivered -").await?.welcome_sid.expect("a SID");
    let ids: Vec<String> =
        sqlx::query_scalar("SELECT message_id::text FROM attempts").fetch_all(&test.database.pool).await?;
    let query = format!("?mid={}", ids[0]);
    let before = test.database.fingerprint().await?;
    for status in ["queued", "sent", "delivered", "sending", "accepted"].repeat(4) {
        let form = format!("MessageSid={sid}&MessageStatus={status}&SmsSid={sid}");
        assert_eq!(test.callback(&query, &form).await?, 204, "{status}");
    }
    assert_eq!(test.database.fingerprint().await?, before);
    test.finish(Expect::users(1)).await
}

/// A callback to a messaging service's own address does not contain our attempt id.
#[tokio::test(flavor = "multi_thread")]
async fn a_callback_belongs_to_the_attempt_of_its_number_and_sid() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().simulator(&["--suffix-faults"]).with_worker().await?;
    // Their own callbacks are not signed well.
    test.signup("one", &number(9504)).await?;
    test.signup("two", &number(9505)).await?;
    for user in ["one", "two"] {
        test.until_case(user, "registered accepted -").await?;
    }
    let sql = "SELECT message_id::text, sid, substr(phone_e164, 2) FROM attempts ORDER BY user_id";
    let attempts: Vec<(String, String, String)> = sqlx::query_as(sql).fetch_all(&test.database.pool).await?;
    let [(first, sid_1, to_1), (_, sid_2, to_2)] = attempts.as_slice() else { panic!("two attempts") };
    let form = |sid: &str, to: &str, status: &str| {
        format!("MessageSid={sid}&To=%2B{to}&MessageStatus={status}&SmsSid={sid}")
    };
    assert_eq!(test.callback("", &form(sid_1, to_2, "delivered")).await?, 204);
    test.until_case("one", "registered accepted -").await?;
    assert_eq!(test.callback("", &form(sid_1, to_1, "delivered")).await?, 204);
    test.until_case("one", "registered delivered -").await?;
    // The SID and the number say more than the id.
    assert_eq!(test.callback(&format!("?mid={first}"), &form(sid_2, to_2, "sent")).await?, 204);
    test.until_case("two", "registered sent -").await?;
    test.until_case("one", "registered delivered -").await?;
    assert_eq!(test.command(&["status", sid_2]).await?, test.command(&["status", "two"]).await?);
    test.finish(Expect::users(2)).await
}
