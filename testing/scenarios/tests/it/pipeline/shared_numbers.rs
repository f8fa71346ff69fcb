//! A number that several users, or one user after the other, have.

use serde_json::json;
use support::{Expect, TestEnv, number};

#[tokio::test(flavor = "multi_thread")]
async fn a_user_whose_claim_was_given_back_is_shown_as_sharing_the_number() -> anyhow::Result<()> {
    let test = TestEnv::builder().with_worker().await?;
    // The next attempt after this code comes 31 seconds later at the earliest.
    let refused_once = json!([{ "operation": "create", "count": 1, "action": { "type": "error", "status": 400, "code": 14107 } }]);
    test.simulator.faults(refused_once).await?;
    test.signup("first", &number(1)).await?;
    test.until_case("first", "received not_sent error_14107").await?;
    let next_attempt =
        |when: &str| format!("UPDATE users SET next_attempt_at = {when} WHERE user_id = 'first'");
    test.database.execute(&next_attempt("now() + interval '1 day'")).await?;
    test.signup("second", &number(1)).await?;
    test.until_case("second", "registered delivered -").await?;
    test.database.execute(&next_attempt("now()")).await?;
    test.until_case("first", "registered skipped shared_phone").await?;
    test.finish(Expect::users(2)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn reopening_an_attempt_of_a_former_number_frees_it_and_is_recorded() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().with_worker().await?;
    let unanswered_once =
        json!([{ "operation": "create", "count": 1, "action": { "type": "error", "status": 503 } }]);
    test.simulator.faults(unanswered_once).await?;
    test.signup("mover", &number(1)).await?;
    test.until_case("mover", "registered unknown parked").await?;
    test.signup("mover", &number(2)).await?;
    test.until_case("mover", "registered delivered -").await?;
    let former = format!("SELECT message_id::text FROM attempts WHERE phone_e164 = '{}'", number(1));
    let former: String = sqlx::query_scalar(&former).fetch_one(&test.database.pool).await?;
    let (code, said) = test
        .command(&["unknown", "reopen", "--attempt", &former, "--reason", "Twilio has no message"])
        .await?;
    let recorded =
        format!("SELECT count(*) FROM audit_log WHERE action = 'unknown reopen' AND subject = '{former}'");
    let recorded = test.database.number(&recorded).await?;
    let freed = format!("SELECT count(*) FROM attempts WHERE message_id = '{former}' AND NOT blocks");
    let freed = test.database.number(&freed).await?;
    assert_eq!((code, recorded, freed), (0, 1, 1), "{said}");
    // The number is free for its new owner; the former owner is not texted again.
    test.signup("next", &number(1)).await?;
    test.until_case("next", "registered delivered -").await?;
    let ledger = test.simulator.ledger().await?;
    assert_eq!((ledger.accepted(&number(1)), ledger.accepted(&number(2))), (1, 1));
    test.finish(Expect::users(2)).await
}
