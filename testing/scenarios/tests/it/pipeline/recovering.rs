//! A restored database lacks the messages that were sent since its backup.

use support::{Expect, TestEnv, number};

const FORGET: &str = "
    DELETE FROM attempts WHERE user_id IN ('2', '3');
    DELETE FROM users WHERE user_id = '3';
    UPDATE users SET state = 'received', attempt_id = NULL, registered_at = NULL, registration_method = NULL,
                     next_attempt_at = now() WHERE user_id = '2'";

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_a_restored_database_forgot_are_not_sent_again() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().with_worker().await?;
    for n in 1..=3 {
        test.signup(&n.to_string(), &number(n)).await?;
        test.until_case(&n.to_string(), "registered delivered -").await?;
    }
    let refused = test.command(&["recover", "--since", "1h", "--reason", "restored", "--yes"]).await?;
    assert_eq!(refused.0, 2, "both lanes must be paused: {}", refused.1);
    let (code, said) = test.command(&["pause", "--reason", "restored"]).await?;
    assert_eq!(code, 0, "{said}");
    test.stop_worker(0).await?;
    for statement in FORGET.split(';') {
        test.database.execute(statement).await?;
    }
    let before = test.database.fingerprint().await?;
    let (code, said) = test.command(&["recover", "--since", "1h", "--dry-run", "--output", "csv"]).await?;
    assert_eq!((code, test.database.fingerprint().await? == before), (0, true), "{said}");
    assert!(said.contains("3 messages at Twilio, 2 of them not known: would be"), "{said}");
    assert!((1..=3).all(|n| !said.contains(&number(n))), "a number is shown in full: {said}");

    let (code, said) = test.command(&["recover", "--since", "1h", "--reason", "restored", "--yes"]).await?;
    assert_eq!(code, 0, "{said}");
    let (code, said) = test.command(&["recover", "--since", "1h", "--reason", "restored", "--yes"]).await?;
    assert!(code == 0 && said.contains("3 messages at Twilio, 0 of them not known"), "{said}");
    let (code, said) = test.command(&["resume"]).await?;
    assert_eq!(code, 0, "{said}");
    test.start_worker().await?;
    test.until_case("2", "registered delivered -").await?;
    // The portal publishes the lost user again.
    test.signup("3", &number(3)).await?;
    test.until_case("3", "registered skipped shared_phone").await?;
    let ledger = test.simulator.ledger().await?;
    assert_eq!((ledger.accepted, ledger.duplicates), (3, 0));
    let deeds = "SELECT count(*) FROM audit_log WHERE action = 'recover' AND subject LIKE 'messages since%'";
    assert_eq!(test.database.number(deeds).await?, 2);
    test.finish(Expect::users(3)).await
}

const RECOVER: [&str; 8] = ["recover", "--since", "1h", "--reason", "restored", "--yes", "--output", "csv"];

/// A message of the same sender, with another text than a welcome.
async fn send_code(test: &TestEnv, phone: &str) -> anyhow::Result<()> {
    let (account, token) = (&test.env["TWILIO_ACCOUNT_SID"], &test.env["TWILIO_AUTH_TOKEN"]);
    let service = test.env["TWILIO_MESSAGING_SERVICE_SID"].as_str();
    let url = format!("{}/2010-04-01/Accounts/{account}/Messages.json", test.simulator.url());
    let form = [("To", phone), ("MessagingServiceSid", service), ("Body", "Your code is 123456")];
    let request = reqwest::Client::builder().no_proxy().build()?.post(url).basic_auth(account, Some(token));
    request.form(&form).send().await?.error_for_status()?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_no_welcome_registers_no_user() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().with_worker().await?;
    let (code, said) = test.command(&["pause", "--reason", "restored"]).await?;
    assert_eq!(code, 0, "{said}");
    send_code(&test, &number(1)).await?;
    let (code, said) = test.command(&RECOVER).await?;
    let others = said.lines().filter(|line| line.ends_with(",other message")).count();
    assert_eq!((code, others), (0, 1), "{said}");
    assert!(said.contains("1 messages at Twilio, 0 of them not known: recorded"), "{said}");
    assert!(said.contains("1 other messages of this sender, not recorded"), "{said}");
    assert_eq!(test.database.number("SELECT count(*) FROM attempts").await?, 0);
    let (code, said) = test.command(&["resume"]).await?;
    assert_eq!(code, 0, "{said}");
    test.signup("1", &number(1)).await?;
    test.until_case("1", "registered delivered -").await?;
    assert_eq!(test.simulator.ledger().await?.accepted(&number(1)), 2, "the code, and the welcome");
    test.close()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_recorded_unless_both_lanes_stay_paused() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().with_worker().await?;
    test.signup("1", &number(1)).await?;
    test.until_case("1", "registered delivered -").await?;
    test.stop_worker(0).await?;
    test.database.execute("DELETE FROM attempts; DELETE FROM users").await?;
    let (code, said) = test.command(&["pause", "--reason", "restored", "--until", "1h"]).await?;
    assert_eq!(code, 0, "{said}");
    let (code, said) = test.command(&RECOVER).await?;
    assert!(code == 2 && said.contains("without an end"), "{code}: {said}");
    let (code, said) = test.command(&["pause", "--reason", "restored"]).await?;
    assert_eq!(code, 0, "{said}");
    // The pause is lifted after the command has begun.
    let lift = "CREATE FUNCTION lift() RETURNS trigger LANGUAGE plpgsql AS
                    'BEGIN DELETE FROM pauses WHERE lane = ''live''; RETURN NULL; END';
                CREATE TRIGGER lift AFTER INSERT ON audit_log FOR EACH ROW WHEN (NEW.action = 'recover')
                    EXECUTE FUNCTION lift()";
    test.database.execute(lift).await?;
    let (code, said) = test.command(&RECOVER).await?;
    assert!(code == 2 && said.contains("0 of them not known: recorded"), "{code}: {said}");
    assert_eq!(test.database.number("SELECT count(*) FROM attempts").await?, 0);
    test.close()
}
