//! The report for people.

use std::fmt::{self, Write};

use crate::{
    report::Report,
    tally::{ByReason, label},
};

/// The report, without a last line break.
pub(crate) fn of(report: &Report) -> String {
    let mut text = String::new();
    // Err: writing to a String cannot fail.
    let _ = write(report, &mut text);
    text.trim_end().to_owned()
}

fn write(report: &Report, text: &mut String) -> fmt::Result {
    writeln!(text, "{}", headline(report))?;
    enqueued(report, text)?;
    skipped(report, text)?;
    let failed = report.unconfirmed.returned + report.unconfirmed.refused;
    if failed > 0 {
        line(text, 0, "NOT CONFIRMED", failed)?;
    }
    if report.remaining > 0 {
        line(text, 0, "REMAINING", report.remaining)?;
    }
    line(text, 0, "stored users", report.selected)?;
    sum(report, failed, text)?;
    if report.dry_run {
        outlook(report, text)?;
    }
    writeln!(text, "Next  {}", next(report))
}

fn headline(report: &Report) -> &'static str {
    match (report.dry_run, report.complete) {
        (true, true) => "Dry run: nothing is published, nothing is sent.",
        (true, false) => "Dry run, interrupted: the counts are those of a part.",
        (false, true) => "Enqueued for the worker, which sends.",
        (false, false) => {
            "Stopped before the end. What is enqueued stays so; it is safe to repeat the command."
        }
    }
}

fn enqueued(report: &Report, text: &mut String) -> fmt::Result {
    let counts = &report.enqueued;
    line(text, 0, if report.dry_run { "WOULD ENQUEUE" } else { "ENQUEUED" }, counts.total)?;
    line(text, 1, "to be welcomed", counts.welcome)?;
    some(text, 1, "to be recorded as already welcomed", counts.already_welcomed)?;
    some(text, 1, "to be recorded as shared phone", counts.shared_phone)?;
    some(text, 1, "to be recorded as suppressed", counts.suppressed)?;
    by_reason(text, "to be recorded as rejected", &counts.rejected)
}

fn skipped(report: &Report, text: &mut String) -> fmt::Result {
    let counts = &report.skipped;
    line(text, 0, if report.dry_run { "WOULD SKIP" } else { "SKIPPED" }, counts.total)?;
    some(text, 1, "already welcomed", counts.already_welcomed)?;
    some(text, 1, "shared phone", counts.shared_phone)?;
    some(text, 1, "suppressed", counts.suppressed)?;
    by_reason(text, "rejected", &counts.rejected)?;
    some(text, 1, "failed; a person may reopen", counts.failed)?;
    some(text, 1, "scheduled for a retry", counts.scheduled)?;
    some(text, 1, "in a queue already", counts.queued)?;
    some(text, 1, "inactive", counts.inactive)
}

fn by_reason(text: &mut String, title: &str, reasons: &ByReason) -> fmt::Result {
    some(text, 1, title, reasons.values().sum())?;
    for (word, count) in reasons {
        line(text, 2, label(word), *count)?;
    }
    Ok(())
}

fn sum(report: &Report, failed: u64, text: &mut String) -> fmt::Result {
    let rejected: u64 = report.enqueued.rejected.values().sum();
    let (enqueued, skipped) = (report.enqueued.total - rejected, report.skipped.total);
    let total = enqueued + rejected + skipped + failed + report.remaining;
    let verdict = if total == report.selected { "adds up" } else { "DOES NOT ADD UP" };
    writeln!(
        text,
        "enqueued {enqueued} + to be rejected {rejected} + skipped {skipped} + not confirmed {failed} + remaining {} \
         = {total}, {verdict}",
        report.remaining
    )
}

fn outlook(report: &Report, text: &mut String) -> fmt::Result {
    if !report.examples.shown().is_empty() {
        writeln!(text, "Examples (masked)")?;
        for example in report.examples.shown() {
            writeln!(text, "  id {}  \"{}\" → {}", example.user_id, example.typed, example.read_as)?;
        }
    }
    writeln!(text, "Numbers changed by normalising: {}", report.changed_by_normalising)?;
    let Some(estimate) = &report.estimate else { return Ok(()) };
    let (messages, segments) = (report.enqueued.welcome, report.enqueued.segments);
    writeln!(
        text,
        "Cost  {messages} messages, {segments} segments × ${:.4} = ${:.2} (SMS_PRICE_USD, yours to set)",
        estimate.price_usd, estimate.cost_usd
    )?;
    writeln!(text, "Time  {}", estimate.time())
}

fn next(report: &Report) -> &'static str {
    match (report.dry_run, report.complete) {
        (true, true) if report.enqueued.total == 0 => "nothing to do: there is nobody to enqueue",
        (true, true) | (false, false) => "backfill",
        (true, false) => "backfill --dry-run",
        (false, true) => "outcomes are in the view onboarding_status",
    }
}

fn some(text: &mut String, indent: usize, what: &str, count: u64) -> fmt::Result {
    if count > 0 { line(text, indent, what, count) } else { Ok(()) }
}

fn line(text: &mut String, indent: usize, what: &str, count: u64) -> fmt::Result {
    let indented = format!("{:1$}{what}", "", 2 * indent);
    writeln!(text, "{indented:<40}{count:>10}")
}
