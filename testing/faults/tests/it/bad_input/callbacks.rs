//! Callbacks that nobody at Twilio sent.

use faults::{Expect, Plan, number};
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
