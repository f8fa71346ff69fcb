//! By whichever way it becomes known that a message failed on WhatsApp, it goes by SMS.

use serde_json::{Value, json};
use shared::lane::QueueLane;
use support::{EventBody, Expect, TestEnv, number};

use super::{DOUBLE, WELCOMED, all_agree, by_whatsapp, stored, with_template};

const FALLBACKS: &str = "SELECT count(*) FROM fallbacks f JOIN attempts a ON a.message_id = f.fallback
                         WHERE a.channel = 'sms' AND a.outcome = 'accepted'";

/// Messages by WhatsApp to this number fail, without a callback.
fn fails(phone: &str, more: &[Value]) -> Value {
    let mut action = vec![json!({ "type": "fail", "error_code": 63024 }), json!({ "type": "no_callbacks" })];
    action.extend_from_slice(more);
    json!({ "operation": "create", "channel": "whatsapp", "suffix": phone[phone.len() - 6..], "action": action })
}

async fn welcome(test: &TestEnv, user: &str) -> anyhow::Result<()> {
    test.broker.publish(QueueLane::Backfill, &EventBody::stored(user).bytes()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_leads_to_sms_by_whichever_way_it_becomes_known() -> anyhow::Result<()> {
    let mut test = by_whatsapp().env("STATUS_POLL_AFTER", "1s").build().await?;
    with_template(&mut test).await?;
    let users = ["polled", "listed", "named", "settled"];
    for (n, user) in (1..).zip(users) {
        stored(&test, user, &number(n)).await?;
    }
    all_agree(&test, "true").await?;
    // The answer is lost after the message was accepted, and the list lags.
    let lost = json!({ "type": "reset", "store": true });
    let lags = |ms: u32| json!({ "type": "list_lag", "ms": ms });
    let rules = json!([
        fails(&number(1), &[]),
        fails(&number(2), std::slice::from_ref(&lost)),
        fails(&number(3), &[lost.clone(), lags(3_600_000)]),
        fails(&number(4), &[lost, lags(8_000)]),
    ]);
    test.simulator.faults(rules).await?;
    test.start_worker().await?;
    for user in users {
        welcome(&test, user).await?;
    }
    test.database.until("asked for, and found in the list", FALLBACKS, 2).await?;
    let parked = "SELECT count(*) FROM attempts WHERE outcome = 'unknown' AND parked_at IS NOT NULL";
    test.database.until("a person must look", parked, 2).await?;

    let sent = test.simulator.sent().await?;
    let of = |phone: &str| sent.iter().find(|message| message.to == format!("whatsapp:{phone}"));
    let sid = of(&number(3)).map(|message| message.sid.clone()).unwrap_or_default();
    let attempt = "SELECT message_id::text FROM attempts WHERE user_id = 'named'";
    let attempt = test.database.texts(attempt).await?.pop().flatten().unwrap_or_default();
    let sms = test.simulator.sent().await?.into_iter().find(|message| message.to == number(1));
    let sms = sms.map(|message| message.sid).unwrap_or_default();
    let (code, said) =
        test.command(&["unknown", "adopt", &sms, "--attempt", &attempt, "--reason", "test"]).await?;
    assert!(code == 3 && said.contains("another number, or by another channel"), "{code}: {said}");
    let (code, said) =
        test.command(&["unknown", "adopt", &sid, "--attempt", &attempt, "--reason", "test"]).await?;
    assert_eq!(code, 0, "{said}");
    test.database.until("the named message", FALLBACKS, 3).await?;

    support::until("the list has the message", support::PATIENCE, async || {
        let settle = ["unknown", "settle", "--since", "1h", "--until", "1s", "--reason", "test", "--yes"];
        let (code, said) = test.command(&settle).await?;
        Ok(if code == 0 && said.contains("1 adopted") { Ok(()) } else { Err(said) })
    })
    .await?;
    test.database.until("the settled message", FALLBACKS, 4).await?;
    test.database.until("everyone is welcomed", WELCOMED, 4).await?;
    assert_eq!(test.database.number(DOUBLE).await?, 0);
    let ledger = test.simulator.ledger().await?;
    assert_eq!((ledger.day_duplicates, ledger.reached_on_both_channels), (0, 0));
    test.finish(Expect::users(4)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_database_learns_of_messages_by_whatsapp() -> anyhow::Result<()> {
    let mut test = by_whatsapp().build().await?;
    with_template(&mut test).await?;
    for (n, user) in [(1, "arrived"), (2, "failed")] {
        stored(&test, user, &number(n)).await?;
    }
    all_agree(&test, "true").await?;
    // Without a fallback before the backup is restored.
    test.env.insert("CHANNELS".to_owned(), "welcome=whatsapp".to_owned());
    test.simulator.faults(json!([fails(&number(2), &[])])).await?;
    test.start_worker().await?;
    for user in ["arrived", "failed"] {
        welcome(&test, user).await?;
    }
    test.until_accepted(2).await?;
    let (code, said) = test.command(&["pause", "--reason", "restored"]).await?;
    assert_eq!(code, 0, "{said}");
    test.stop_worker(0).await?;
    test.database
        .execute(
            "DELETE FROM attempts;
             UPDATE users SET state = 'received', attempt_id = NULL, registered_at = NULL, next_attempt_at = now()",
        )
        .await?;
    test.env.insert("CHANNELS".to_owned(), "welcome=whatsapp,sms".to_owned());
    let recover = ["recover", "--since", "1h", "--reason", "restored", "--yes"];
    let (code, said) = test.command(&recover).await?;
    assert!(code == 0 && said.contains("2 messages at Twilio, 2 of them not known"), "{code}: {said}");
    let (code, said) = test.command(&recover).await?;
    assert!(code == 0 && said.contains("2 messages at Twilio, 0 of them not known"), "{code}: {said}");
    let (code, said) = test.command(&["resume"]).await?;
    assert_eq!(code, 0, "{said}");
    test.start_worker().await?;
    test.database.until("the failed one goes by SMS", FALLBACKS, 1).await?;
    test.until_final(2).await?;
    let ledger = test.simulator.ledger().await?;
    assert_eq!((ledger.accepted_on_whatsapp(), ledger.day_duplicates), (2, 0));
    test.finish(Expect::users(2)).await
}
