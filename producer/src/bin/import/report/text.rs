//! How a report is written: for people, or as JSON.

use std::fmt::{self, Write};

use chrono::SecondsFormat;

use producer::cli::{Output, json_line};

use super::{FileNote, Lines, Origin, Report, TwoProfiles};

impl Report {
    /// The report in `output`, without a trailing line break.
    pub(crate) fn show(&self, output: Output) -> String {
        match output {
            // The command line offers text and JSON.
            Output::Json | Output::Jsonl | Output::Csv => json_line(self),
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
    head(report, text)?;
    counts(report, text)?;
    numbers(report, text)?;
    match &report.source {
        Origin::Portal => {
            let TwoProfiles { same_number, numbers_differ } = report.two_profiles;
            writeln!(
                text,
                "Both profiles: {same_number} with one number, {numbers_differ} with two (new mother's used)"
            )?;
            if report.older_profiles > 0 {
                writeln!(
                    text,
                    "Several profiles of one kind: {} (the latest is used)",
                    report.older_profiles
                )?;
            }
            if report.bad_dates > 0 {
                writeln!(
                    text,
                    "Dates left out: {}. They cannot be true: a birth in the future, a due date more than a year \
                     ahead. Are they in Bikram Sambat?",
                    report.bad_dates
                )?;
            }
        }
        Origin::File(_) => writeln!(
            text,
            "Neither 0 nor + in front: {}, which are read anyway",
            report.numbers.without_prefix
        )?,
    }
    if report.deactivated > 0 {
        writeln!(text, "Closed since the last import: {}", report.deactivated)?;
    }
    report.wishes.write(report.dry_run, text)?;
    bad_rows(report, text)?;
    next(report, text)
}

fn head(report: &Report, text: &mut String) -> fmt::Result {
    if let Origin::File(FileNote { separator, byte_order_mark, taken_at, .. }) = &report.source {
        let encoding = if *byte_order_mark { "UTF-8 with a byte order mark" } else { "UTF-8" };
        let separated = match separator {
            Some(';') => ", separated by semicolons",
            Some('\t') => ", separated by tabs",
            Some(_) => ", separated by commas",
            None => "",
        };
        let time = taken_at.to_rfc3339_opts(SecondsFormat::Secs, true);
        writeln!(text, "The file: {encoding}{separated}, data of {time}")?;
    }
    let done = match (report.held, report.dry_run) {
        (_, true) => "Dry run: nothing is written.",
        (true, false) => "NOTHING WAS WRITTEN: rows are bad.",
        (false, false) => "No user was enqueued or texted.",
    };
    let end = if report.complete { "" } else { " INTERRUPTED: repeat the command to import the rest." };
    writeln!(text, "{done}{end}")
}

fn counts(report: &Report, text: &mut String) -> fmt::Result {
    let portal = matches!(report.source, Origin::Portal);
    for (shown, what, count) in [
        (!report.held, "new", report.stored.new),
        (!report.held, "updated", report.stored.updated),
        (!report.held, "unchanged", report.stored.unchanged),
        (!report.held, "newer here, kept", report.stored.newer_here),
        (report.stored.erased > 0, "erased here, ignored", report.stored.erased),
        (report.held, "good, held back", report.held_back),
        (true, "skipped, inactive", report.skipped.inactive),
        (portal, "skipped, no profile", report.skipped.no_profile),
        (portal, "skipped, invalid id", report.skipped.invalid_id),
        (!portal, "skipped, repeated", report.repeated),
        (!portal, "bad", report.bad.total),
    ] {
        if shown {
            line(text, what, count, "")?;
        }
    }
    let adds = if report.all_stored() == report.with_numbers() { "  adds up" } else { "  DOES NOT ADD UP" };
    let all = report.read() - report.with_numbers() + report.all_stored();
    line(text, if portal { "accounts read" } else { "rows read" }, all, adds)
}

fn numbers(report: &Report, text: &mut String) -> fmt::Result {
    writeln!(text, "Numbers of those {}", report.all_stored())?;
    line(text, "usable", report.numbers.usable, "")?;
    line(text, "no phone", report.numbers.no_phone, "")?;
    report.numbers.unusable.iter().try_for_each(|(why, count)| line(text, why, *count, ""))
}

fn bad_rows(report: &Report, text: &mut String) -> fmt::Result {
    if report.bad.total == 0 {
        return Ok(());
    }
    writeln!(text, "Bad rows")?;
    for (problem, Lines { count, lines }) in &report.bad.problems {
        let named: Vec<String> = lines.iter().map(u64::to_string).collect();
        let word = if *count == 1 { "line" } else { "lines" };
        let more = if *count > lines.len() as u64 { ", …" } else { "" };
        line(text, problem.as_str(), *count, &format!("  {word} {}{more}", named.join(", ")))?;
        writeln!(text, "    → {}", problem.hint())?;
    }
    Ok(())
}

fn next(report: &Report, text: &mut String) -> fmt::Result {
    let next = match (&report.source, report.held, report.dry_run) {
        (_, true, _) => {
            "fix the rows, or import the others with --allow-partial; --report FILE lists every one"
        }
        (_, false, false) => "backfill --dry-run",
        (Origin::Portal, false, true) => "import portal",
        (Origin::File(_), false, true) => "the same command without --dry-run",
    };
    writeln!(text, "Next: {next}")
}

fn line(text: &mut String, what: &str, count: u64, more: &str) -> fmt::Result {
    writeln!(text, "  {what:<24}{count:>9}{more}")
}
