//! The published table of outcomes: a signup of each kind ends in its row.

use serde_json::json;
use support::{Expect, TestEnv, number};

/// User, number, case, attempts.
type Row<'a> = (&'a str, String, &'a str, i32);

#[tokio::test(flavor = "multi_thread")]
async fn every_case_ends_in_its_row() -> anyhow::Result<()> {
    let test = TestEnv::builder().simulator(&["--suffix-faults"]).with_worker().await?;
    test.database.import("imported", &number(4)).await?;
    let text = |t: &str| t.to_owned();
    let rows: [Row<'_>; 16] = [
        ("delivered", number(1), "registered delivered -", 1),
        ("undelivered", number(9403), "registered undelivered error_30003", 1),
        ("failed", number(9430), "registered failed error_30500", 1),
        ("opted out late", number(9410), "registered failed error_21610", 1),
        ("nothing known", number(9002), "registered unknown parked", 1),
        ("empty", text(" "), "rejected not_sent empty", 0),
        ("words", text("hello"), "rejected not_sent not_a_number", 0),
        ("short", text("984"), "rejected not_sent too_short", 0),
        ("long", text("98412000011111111"), "rejected not_sent too_long", 0),
        ("unassigned", text("9999999999"), "rejected not_sent not_assigned", 0),
        ("two", text("9841234567, 9841234568"), "rejected not_sent multiple_numbers", 0),
        ("landline", text("014412345"), "rejected not_sent landline", 0),
        ("toll free", text("16600112233"), "rejected not_sent not_textable", 0),
        ("lookup", number(9701), "rejected not_sent lookup_invalid", 0),
        ("typed", text("०९८४१२-००००२"), "registered delivered -", 1),
        ("abroad", text("+919876543210"), "registered delivered -", 1),
    ];
    for (user, phone, ..) in &rows {
        test.signup(user, phone).await?;
    }
    for (user, _, case, attempts) in &rows {
        let outcome = test.until_case(user, case).await?;
        assert_eq!(outcome.attempts, *attempts, "{user}");
        assert_eq!(
            outcome.welcome_sid.is_some(),
            case.starts_with("registered") && !case.ends_with("parked")
        );
        let registered = outcome.state == "registered";
        assert_eq!(outcome.registration_method.as_deref(), registered.then_some("lookup"), "{user}");
    }
    test.signup("second", &number(1)).await?;
    let second = test.until_case("second", "registered skipped shared_phone").await?;
    assert_eq!((second.welcome_sid, second.attempts), (None, 0));
    let imported = test.until_case("imported", "stored not_sent -").await?;
    assert_eq!(imported.attempts, 0);
    let late = format!("SELECT count(*) FROM suppressions WHERE phone_e164 = '{}'", number(9410));
    assert_eq!(test.database.number(&late).await?, 1, "an opt-out that is reported later suppresses too");
    test.finish(Expect::users(18).parked(1).waiting("imported")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_in_flight_is_seen_as_sending() -> anyhow::Result<()> {
    let test = TestEnv::builder().with_worker().await?;
    let slow = json!([{ "operation": "create", "action": { "type": "latency", "ms": 1200 } }]);
    test.simulator.faults(slow).await?;
    test.signup("slow", &number(1)).await?;
    let sending = test.until_case("slow", "registered sending -").await?;
    assert_eq!((sending.welcome_sid, sending.attempts), (None, 0));
    test.until_case("slow", "registered delivered -").await?;
    test.finish(Expect::users(1)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_country_that_is_not_allowed_is_rejected() -> anyhow::Result<()> {
    let test = TestEnv::builder().env("ALLOWED_COUNTRIES", "NP").with_worker().await?;
    test.signup("abroad", "+919876543210").await?;
    test.signup("here", &number(1)).await?;
    test.until_case("abroad", "rejected not_sent country_not_allowed").await?;
    test.until_case("here", "registered delivered -").await?;
    assert_eq!(test.simulator.ledger().await?.asked("+919876543210"), 0);
    test.finish(Expect::users(2)).await
}
