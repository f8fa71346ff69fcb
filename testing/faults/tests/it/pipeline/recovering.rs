//! A restored database has forgotten what was sent since its backup.

use faults::{Expect, Plan, number};

const FORGET: &str = "
    DELETE FROM attempts WHERE user_id IN ('2', '3');
    DELETE FROM users WHERE user_id = '3';
    UPDATE users SET state = 'received', attempt_id = NULL, registered_at = NULL, registration_method = NULL,
                     next_attempt_at = now() WHERE user_id = '2'";

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_a_restored_database_forgot_are_not_sent_again() -> anyhow::Result<()> {
    let mut stage = Plan::default().with_worker().await?;
    for n in 1..=3 {
        stage.signup(&n.to_string(), &number(n)).await?;
        stage.until_case(&n.to_string(), "registered delivered -").await?;
    }
    let refused = stage.command(&["recover", "--since", "1h", "--reason", "restored", "--yes"]).await?;
    assert_eq!(refused.0, 2, "both lanes must be paused: {}", refused.1);
    stage.command(&["pause", "--reason", "restored"]).await?;
    stage.stop_worker(0).await?;
    for statement in FORGET.split(';') {
        stage.database.execute(statement).await?;
    }
    let before = stage.database.fingerprint().await?;
    let (code, said) = stage.command(&["recover", "--since", "1h", "--dry-run", "--output", "csv"]).await?;
    assert_eq!((code, stage.database.fingerprint().await? == before), (0, true), "{said}");
    assert!(said.contains("3 messages at Twilio, 2 of them not known: would be"), "{said}");
    assert!((1..=3).all(|n| !said.contains(&number(n))), "a number is shown in full: {said}");

    let (code, said) = stage.command(&["recover", "--since", "1h", "--reason", "restored", "--yes"]).await?;
    assert_eq!(code, 0, "{said}");
    let (code, said) = stage.command(&["recover", "--since", "1h", "--reason", "restored", "--yes"]).await?;
    assert!(code == 0 && said.contains("3 messages at Twilio, 0 of them not known"), "{said}");
    stage.command(&["resume"]).await?;
    stage.start_worker().await?;
    stage.until_case("2", "registered delivered -").await?;
    // The portal publishes the user that was lost once more.
    stage.signup("3", &number(3)).await?;
    stage.until_case("3", "registered skipped shared_phone").await?;
    let ledger = stage.simulator.ledger().await?;
    assert_eq!((ledger.accepted, ledger.duplicates), (3, 0));
    let deeds = "SELECT count(*) FROM audit_log WHERE action = 'recover' AND subject LIKE 'messages since%'";
    assert_eq!(stage.database.number(deeds).await?, 2);
    stage.finish(Expect::users(3)).await
}
