//! How a report is written: for people, or as JSON.

use std::fmt::{self, Write};

use producer::cli::{Output, json_line};
use serde::Serialize;

use shared::domain::Channel;

use super::{Ending, Report};
use crate::{
    counts::{ByReason, label},
    estimate::{ChannelEstimate, Estimate},
    options::short_id,
};

/// The last line of `--output jsonl`.
#[derive(Serialize)]
struct Summary<'a> {
    r#type: &'static str,
    #[serde(flatten)]
    report: &'a Report,
}

impl Report {
    /// The report in `format`, without a trailing line break.
    pub(crate) fn show(&self, format: Output) -> String {
        match format {
            Output::Json => json_line(self),
            // The command line does not offer csv.
            Output::Jsonl | Output::Csv => json_line(&Summary { r#type: "summary", report: self }),
            Output::Text => of(self),
        }
    }
}

/// The text report, without a trailing line break.
fn of(report: &Report) -> String {
    let mut text = String::new();
    // Err: writing to a String cannot fail.
    let _ = write(report, &mut text);
    text.trim_end().to_owned()
}

fn write(report: &Report, text: &mut String) -> fmt::Result {
    writeln!(text, "{}", headline(report))?;
    canary(report, text)?;
    enqueued(report, text)?;
    skipped(report, text)?;
    let failed = report.unconfirmed.returned + report.unconfirmed.refused;
    if failed > 0 {
        line(text, 0, "NOT CONFIRMED", failed)?;
    }
    let limited = report.ending == Ending::Limit;
    some(text, 0, if limited { "REMAINING, beyond --limit" } else { "REMAINING" }, report.remaining)?;
    let filters = report.options.filters.flags();
    line(text, 0, if filters.is_empty() { "stored users" } else { "selected users" }, report.selected)?;
    sum(report, failed, text)?;
    if !filters.is_empty() {
        writeln!(text, "Selected by {}", filters.trim_start())?;
    }
    some(text, 0, "Unknown ids in the file", report.unknown_ids)?;
    if report.dry_run {
        outlook(report, text)?;
    }
    writeln!(text, "Next  {}", next(report))
}

fn headline(report: &Report) -> String {
    let Some(run) = report.run.map(short_id) else {
        let whole = if report.complete {
            "Dry run: nothing is published, nothing is sent."
        } else {
            "Dry run, interrupted: the counts are those of a part."
        };
        return whole.to_owned();
    };
    match report.ending {
        Ending::Complete | Ending::Limit => format!("Run {run}: enqueued for the worker, which sends."),
        Ending::CanaryFailed => {
            format!(
                "Run {run} was stopped by its canary. Enqueued users stay enqueued; no others were enqueued."
            )
        }
        Ending::Interrupted | Ending::Refused => {
            format!("Run {run} stopped before its end. Enqueued users stay enqueued; it is safe to continue.")
        }
    }
}

fn canary(report: &Report, text: &mut String) -> fmt::Result {
    let (Some(stats), Some(asked)) = (&report.canary, &report.options.canary) else { return Ok(()) };
    writeln!(
        text,
        "Canary  {} of {} messages delivered, {} failed, {} sent, {} open; a share of {} is required",
        stats.delivered,
        stats.messages(),
        stats.failed,
        stats.sent,
        stats.open,
        asked.share
    )
}

fn enqueued(report: &Report, text: &mut String) -> fmt::Result {
    let counts = &report.counts.enqueued;
    line(text, 0, if report.dry_run { "WOULD ENQUEUE" } else { "ENQUEUED" }, counts.total)?;
    line(text, 1, "to be welcomed", counts.welcome)?;
    if report.is_for_whatsapp() {
        line(text, 2, "by WhatsApp", counts.channels.whatsapp)?;
        line(text, 2, "by SMS", counts.channels.sms)?;
        some(text, 3, "because WhatsApp is full", counts.channels.sms_after_waiting)?;
    }
    some(text, 1, "to be recorded as already welcomed", counts.already_welcomed)?;
    some(text, 1, "to be recorded as shared phone", counts.shared_phone)?;
    some(text, 1, "to be recorded as suppressed", counts.suppressed)?;
    some(text, 1, "to wait for a consent", counts.no_consent)?;
    some(text, 1, "to wait for a template", counts.no_template)?;
    some(text, 1, "to wait: no channel reaches them", counts.unreachable)?;
    some(text, 1, "to wait for room on WhatsApp", counts.channel_full)?;
    by_reason(text, "to be recorded as rejected", &counts.rejected)
}

fn skipped(report: &Report, text: &mut String) -> fmt::Result {
    let counts = &report.counts.skipped;
    line(text, 0, if report.dry_run { "WOULD SKIP" } else { "SKIPPED" }, counts.total)?;
    some(text, 1, "already welcomed", counts.already_welcomed)?;
    some(text, 1, "shared phone", counts.shared_phone)?;
    some(text, 1, "suppressed", counts.suppressed)?;
    by_reason(text, "rejected", &counts.rejected)?;
    some(text, 1, "failed; an operator may reopen", counts.failed)?;
    some(text, 1, "scheduled for a retry", counts.scheduled)?;
    some(text, 1, "already in a queue", counts.queued)?;
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
    let rejected: u64 = report.counts.enqueued.rejected.values().sum();
    let (enqueued, skipped) = (report.counts.enqueued.total - rejected, report.counts.skipped.total);
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
    writeln!(text, "Numbers changed by normalising: {}", report.counts.changed_by_normalising)?;
    let Some(estimate) = &report.estimate else { return Ok(()) };
    missing_templates(report, text)?;
    if report.is_for_whatsapp() {
        costs(report, estimate, text)?;
    } else {
        let (messages, segments) = (report.counts.enqueued.welcome, report.counts.enqueued.segments);
        writeln!(
            text,
            "Cost  {messages} messages, {segments} segments × ${:.4} = ${:.2} (SMS_PRICE_USD, yours to set)",
            estimate.price_usd, estimate.cost_usd
        )?;
    }
    writeln!(text, "Time  {}", estimate.time())?;
    estimate.hours().map_or(Ok(()), |hours| writeln!(text, "Hours {hours}"))
}

fn missing_templates(report: &Report, text: &mut String) -> fmt::Result {
    for (language, users) in &report.counts.missing_templates {
        writeln!(
            text,
            "No template of WhatsApp may be sent for welcomes in {language}: {users} users. See `worker templates check`"
        )?;
    }
    if report.whatsapp_is_held {
        writeln!(
            text,
            "WhatsApp is held back at the moment: its welcomes wait, and go by SMS after FALLBACK_WITHIN where it is listed"
        )?;
    }
    Ok(())
}

/// The cost of each channel, and of all.
fn costs(report: &Report, estimate: &Estimate, text: &mut String) -> fmt::Result {
    let enqueued = &report.counts.enqueued;
    for channel in &estimate.channels {
        let ChannelEstimate { messages, cost_usd, unpriced, .. } = channel;
        if channel.channel == Channel::Sms.as_str() {
            writeln!(
                text,
                "Cost  SMS: {messages} messages, {} segments × ${:.4} = ${cost_usd:.2} (SMS_PRICE_USD, yours to set)",
                enqueued.segments, estimate.price_usd
            )?;
            continue;
        }
        let categories = &enqueued.channels.whatsapp_categories;
        let parts: Vec<String> =
            categories.iter().map(|(category, messages)| format!("{messages} {category}")).collect();
        let parts = if parts.is_empty() { "no messages".to_owned() } else { parts.join(", ") };
        let without = if *unpriced > 0 { format!(", {unpriced} without a price") } else { String::new() };
        writeln!(
            text,
            "Cost  WhatsApp: {parts} = ${cost_usd:.2}{without} (WHATSAPP_PRICE_USD, yours to set)"
        )?;
    }
    write!(text, "Cost  together ${:.2}", estimate.cost_usd)?;
    if estimate.fallback_cost_usd > 0.0 {
        write!(
            text,
            ", and at most ${:.2} more if messages do not arrive by WhatsApp",
            estimate.fallback_cost_usd
        )?;
    }
    writeln!(text)
}

fn next(report: &Report) -> &str {
    let idle = report.complete && report.counts.enqueued.total == 0;
    if idle { "nothing to do: no users to enqueue" } else { &report.next }
}

fn some(text: &mut String, indent: usize, what: &str, count: u64) -> fmt::Result {
    if count > 0 { line(text, indent, what, count) } else { Ok(()) }
}

fn line(text: &mut String, indent: usize, what: &str, count: u64) -> fmt::Result {
    let indented = format!("{:1$}{what}", "", 2 * indent);
    writeln!(text, "{indented:<40}{count:>10}")
}
