//! Lookup v2 over HTTP.

mod support;

use support::{Bench, NUMBER};
use twilio_sim::{Action, Operation, Rule};

const LINE: &str = "Fields=line_type_intelligence";

#[tokio::test]
async fn a_valid_number() {
    let bench = Bench::new();
    let answer = bench.lookup(NUMBER, "").await;
    assert_eq!((answer.status, answer.text("phone_number")), (200, NUMBER));
    assert_eq!((answer.text("calling_country_code"), answer.text("country_code")), ("977", "NP"));
    assert_eq!(answer.body["validation_errors"], serde_json::json!([]));
    assert_eq!(answer.body["valid"], true);
    assert_eq!(bench.simulator.ledger().stats().lookups, 1);
}

#[tokio::test]
async fn national_form_needs_the_country() {
    let bench = Bench::new();
    assert_eq!(bench.lookup("9841234567", "CountryCode=NP").await.text("phone_number"), NUMBER);
    let without = bench.lookup("9841234567", "").await;
    assert_eq!((without.status, &without.body["valid"]), (200, &false.into()));
}

#[tokio::test]
async fn line_types() {
    let bench = Bench::new();
    for (number, kind) in [(NUMBER, "mobile"), ("+97714512345", "landline"), ("+97716600112345", "tollFree")]
    {
        let answer = bench.lookup(number, LINE).await;
        assert_eq!(answer.body["line_type_intelligence"]["type"], kind, "{number}");
    }
}

#[tokio::test]
async fn each_fault() {
    let on = |action| Rule::new(action).on(Operation::Lookup);
    let bench = Bench::faults(on(Action::LookupInvalid { error: "TOO_SHORT".to_owned() }));
    let invalid = bench.lookup(NUMBER, "").await;
    assert_eq!(
        (&invalid.body["valid"], &invalid.body["validation_errors"][0]),
        (&false.into(), &"TOO_SHORT".into())
    );
    bench.simulator.set_faults([on(Action::LookupPackageError { code: 60600 })]);
    assert_eq!(bench.lookup(NUMBER, LINE).await.body["line_type_intelligence"]["error_code"], 60600);
    bench.simulator.set_faults([on(Action::LookupLine { line_type: "landline".to_owned() })]);
    assert_eq!(bench.lookup(NUMBER, LINE).await.body["line_type_intelligence"]["type"], "landline");
    bench.simulator.set_faults([on(Action::error(20429))]);
    let limited = bench.lookup(NUMBER, "").await;
    assert_eq!((limited.status, limited.code()), (429, Some(20429)));
    assert_eq!(bench.send(NUMBER).await.status, 201, "creating is not touched");
}
