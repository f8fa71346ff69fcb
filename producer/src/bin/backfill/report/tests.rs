use producer::cli::Output;
use shared::{domain::decision::SkipReason, phone::Rejection};

use super::*;
use crate::{
    channels::{By, Message},
    context::Settings,
    outcomes::{Canary, Share},
};

fn confirmed(n: usize) -> Published {
    Published { confirmed: (0..n).collect(), ..Published::default() }
}

fn closed(mut report: Report, ending: Ending) -> Report {
    let mut settings = Settings::of_nothing();
    settings.window = "".parse().unwrap();
    let estimate = Estimate::of(&report.counts, &settings, None, "2026-11-25T13:35:00Z".parse().unwrap());
    report.close(ending, estimate, None);
    report
}

const RUN: Uuid = Uuid::from_u128(0x0197_c3a2_0000_0000_0000_0000_0000_0000);

fn report(dry_run: bool) -> Report {
    let run = (!dry_run).then_some(RUN);
    let mut report = Report::new(run, RunOptions::default(), Counts::default(), 5);
    let user = UserId::parse("7").unwrap();
    report.number(&user, "९८०७९६९२७८", Ok("+9779807969278".parse().unwrap()));
    report.number(&user, "", Err(Rejection::Empty));
    let welcome = Expect::Welcome(Message { by: By::Sms, segments: 1 });
    report.published(&[welcome, welcome, Expect::Rejected(Rejection::Empty)], confirmed(3));
    report.skip(SkipReason::Inactive);
    report
}

#[test]
fn a_dry_run_counts_prices_and_names_the_next_command() {
    let mut report = report(true);
    report.skip(SkipReason::Queued);
    let report = closed(report, Ending::Complete);
    let text = report.show(Output::Text);
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
fn an_interrupted_run_reports_the_rest_and_how_to_continue() {
    let report = closed(report(false), Ending::Interrupted);
    let text = report.show(Output::Text);
    for part in ["REMAINING", "remaining 1 = 5, adds up", "Run 0197c3a2", "Next  backfill --resume 0197c3a2"]
    {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert_eq!((report.finish().unwrap(), report.end()), (Exit::Interrupted, End::Interrupted));
}

#[test]
fn a_real_run_never_claims_to_have_sent() {
    let report = closed(report(false), Ending::Complete);
    let text = report.show(Output::Text);
    assert!(text.contains("ENQUEUED") && !text.to_lowercase().contains("sent"), "{text}");
    assert_eq!((report.selected, report.end()), (4, End::Finished));
}

#[test]
fn a_failed_canary_is_shown_and_has_its_own_exit_code() {
    let mut report = report(false);
    report.options.canary = Some(Canary { users: 2, share: Share::default() });
    report.canary = Some(OutcomeStats { delivered: 1, failed: 1, ..OutcomeStats::default() });
    let report = closed(report, Ending::CanaryFailed);
    let text = report.show(Output::Text);
    assert!(text.contains("1 of 2 messages delivered, 1 failed") && text.contains("REMAINING"), "{text}");
    assert_eq!((report.finish().unwrap(), report.end()), (Exit::Guarded, End::Halted));
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
    let report = closed(report(true), Ending::Complete);
    let line = report.show(Output::Json);
    assert!(!line.contains('\n') && !line.contains("9807969278"));
    let json: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(json["schema"], "backfill-report/2");
    assert_eq!(json["enqueued"]["rejected"]["empty"], 1);
    let summary: serde_json::Value = serde_json::from_str(&report.show(Output::Jsonl)).unwrap();
    assert_eq!((&summary["type"], &summary["schema"]), (&"summary".into(), &json["schema"]));
}
