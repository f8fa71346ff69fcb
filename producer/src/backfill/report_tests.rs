use super::*;

fn confirmed(n: usize) -> Published {
    Published { confirmed: (0..n).collect(), ..Published::default() }
}

fn estimate() -> Estimate {
    Estimate { price_usd: 0.3, cost_usd: 0.6, send_rate: 10, seconds: Some(1) }
}

fn report(dry_run: bool) -> Report {
    let mut report = Report::new(dry_run, 5);
    let user = UserId::parse("7").unwrap();
    report.number(&user, "९८०७९६९२७८", Ok("+9779807969278".parse().unwrap()));
    report.number(&user, "", Err(Unusable::Empty));
    let welcome = Expect::Welcome { segments: 1 };
    report.published(&[welcome, welcome, Expect::Rejected(Unusable::Empty)], confirmed(3));
    report.skip(Skip::Inactive);
    report
}

#[test]
fn a_dry_run_counts_prices_and_names_the_next_command() {
    let mut report = report(true);
    report.skip(Skip::Queued);
    report.close(true, estimate());
    let text = report.show(Output::Human);
    for part in [
        "nothing is published",
        "WOULD ENQUEUE",
        "empty (no phone)",
        "= 5, adds up",
        "+977••••••••78",
        "$0.60",
        "Next  backfill",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert!(!text.contains("9807969278"));
    assert_eq!(report.finish().unwrap(), Exit::Done);
}

#[test]
fn an_interrupted_run_says_what_remains() {
    let mut report = report(false);
    report.close(false, estimate());
    let text = report.show(Output::Human);
    assert!(text.contains("REMAINING") && text.contains("remaining 1 = 5, adds up"), "{text}");
    assert_eq!(report.finish().unwrap(), Exit::Interrupted);
}

#[test]
fn a_real_run_never_claims_to_have_sent() {
    let mut report = report(false);
    report.close(true, estimate());
    let text = report.show(Output::Human);
    assert!(text.contains("ENQUEUED") && !text.to_lowercase().contains("sent"), "{text}");
    assert_eq!(report.selected, 4);
}

#[test]
fn refusals_stop_the_run_and_decide_the_exit_code() {
    let id = || "e".to_owned();
    let mut returned = report(false);
    let error = Some(PublishError::Returned { id: id() });
    returned.published(&[], Published { returned: 1, error, ..Published::default() });
    assert!(returned.is_halted());
    assert_eq!(returned.finish().unwrap(), Exit::SomeFailed);
    let mut away = report(false);
    let error = Some(PublishError::Unavailable { id: id() });
    away.published(&[], Published { refused: 1, error, ..Published::default() });
    assert_eq!(away.finish().unwrap_err().exit(), Exit::Unreachable);
}

#[test]
fn json_is_one_line_with_a_schema() {
    let mut report = report(true);
    report.close(true, estimate());
    let line = report.show(Output::Json);
    assert!(!line.contains('\n') && !line.contains("9807969278"));
    let json: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(json["schema"], "backfill-report/1");
    assert_eq!(json["enqueued"]["rejected"]["empty"], 1);
}
