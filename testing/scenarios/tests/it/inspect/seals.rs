//! The seals of the ledger of consents, as an operator meets them.

use support::{Expect, PATIENCE, TestEnv, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_seals_the_ledger_and_doctor_names_an_entry_that_was_changed_by_force() -> anyhow::Result<()>
{
    let mut test = TestEnv::builder().build().await?;
    test.database
        .execute(
            "INSERT INTO consent_ledger (entry_key, person_key, purpose, channel, action, source, actor, said_at, recorded_at)
             SELECT sha256(int4send(n)), gen_random_uuid(), 'tips', 'sms', 'withdraw', 'staff', 'maya', now(),
                    now() - interval '1 hour'
             FROM generate_series(1, 3) n",
        )
        .await?;
    test.start_worker().await?;
    test.start_worker().await?;
    // An open transaction of any other test of this server holds the seals up.
    until("the ledger is sealed", 3 * PATIENCE, async || {
        let sealed = test.database.number("SELECT coalesce(sum(rows), 0) FROM consent_seals").await?;
        Ok(if sealed == 3 { Ok(()) } else { Err(sealed.to_string()) })
    })
    .await?;
    let (_, said) = test.command(&["doctor"]).await?;
    assert!(said.contains("all 1 match 3 entries"), "{said}");
    assert!(test.workers.iter().any(|worker| worker.log().contains("ledger sealed")));
    for sql in [
        "ALTER TABLE consent_ledger DISABLE TRIGGER consent_ledger_is_append_only",
        "UPDATE consent_ledger SET action = 'grant' WHERE entry_key = sha256(int4send(2))",
        "ALTER TABLE consent_ledger ENABLE TRIGGER consent_ledger_is_append_only",
    ] {
        test.database.execute(sql).await?;
    }
    let (exit, said) = test.command(&["doctor"]).await?;
    assert_eq!(exit, 78, "{said}");
    for part in ["consent seals entry ", " was changed", "does not match its seals"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    test.finish(Expect::users(0)).await
}
