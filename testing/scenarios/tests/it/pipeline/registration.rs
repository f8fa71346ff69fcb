//! What "registered" rests on.

use serde_json::json;
use support::{Expect, TestEnv, number};

use crate::people::signups;

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_lookup_is_passed_over() -> anyhow::Result<()> {
    let test = TestEnv::builder().simulator(&["--suffix-faults"]).with_worker().await?;
    // 429, 500, silence, 404, reset, broken JSON.
    let faults = [9703, 9704, 9705, 9706, 9708, 9709];
    for n in faults {
        test.signup(&n.to_string(), &number(n)).await?;
    }
    test.signup("healthy", &number(1)).await?;
    let healthy = test.until_case("healthy", "registered delivered -").await?;
    assert_eq!(healthy.registration_method.as_deref(), Some("lookup"));
    for n in faults {
        let outcome = test.until_case(&n.to_string(), "registered delivered -").await?;
        assert_eq!(outcome.registration_method.as_deref(), Some("none"), "{n}");
    }
    test.finish(Expect::users(7)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lookup_that_hangs_is_given_up_soon_and_skipped_after_a_few() -> anyhow::Result<()> {
    const USERS: usize = 200;
    let test = TestEnv::builder().env("LOOKUP_TIMEOUT", "300ms").with_worker().await?;
    let hang = json!({ "type": "hang", "ms": 60_000 });
    test.simulator.faults(json!([{ "operation": "lookup", "action": hang }])).await?;
    test.broker.publish_all(&signups(0..u32::try_from(USERS)?)).await?;
    test.until_final(USERS).await?;
    let outcomes = test.database.outcomes().await?;
    assert!(outcomes.iter().all(|o| o.registration_method.as_deref() == Some("none")), "{outcomes:?}");
    let asked = test.workers[0].metric("onboarding_twilio_requests_total", "operation=\"lookup\"").await?;
    assert!(asked <= 20.0, "{asked} Lookups: more than were in flight when the third gave no answer");
    test.finish(Expect::users(USERS)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn method_none_asks_no_lookup() -> anyhow::Result<()> {
    let test = TestEnv::builder().env("REGISTRATION_METHOD", "none").with_worker().await?;
    test.broker.publish_all(&signups(0..20)).await?;
    test.until_final(20).await?;
    let outcomes = test.database.outcomes().await?;
    assert!(outcomes.iter().all(|o| o.registration_method.as_deref() == Some("none")), "{outcomes:?}");
    let ledger = test.simulator.ledger().await?;
    assert_eq!((ledger.lookups, ledger.accepted), (0, 20));
    test.finish(Expect::users(20)).await
}
