//! The real run, the dry run, and the question before a real one.

use std::io::{self, BufRead, IsTerminal};

use chrono::Utc;
use producer::{
    Broker, Producer,
    cli::{Exit, Failure, Output, print_line},
};
use shared::audit::NewEntry;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    args::Safety,
    context::Context,
    counts::Counts,
    estimate::Estimate,
    options::{RunOptions, short_id},
    outcomes::{self, CanaryResult},
    publish::{Pace, Sink},
    report::{Ending, Report},
    runs::{self, End, Run},
    scan::Scan,
    selection::{Selection, load_ids, shadow_ids},
    watch,
};

/// Fails without a terminal, unless `--yes` or `--dry-run` makes the question unnecessary.
pub(crate) fn refuse_without_terminal(safety: &Safety) -> Result<(), Failure> {
    let can_ask = io::stdin().is_terminal() && io::stderr().is_terminal();
    if safety.dry_run || safety.confirmation.yes() || can_ask {
        return Ok(());
    }
    Err(Failure::usage("cannot ask without a terminal: check with --dry-run, then run with --yes"))
}

/// The real run.
pub(crate) async fn real(context: &Context, broker: Broker) -> Result<Exit, Failure> {
    let producer = Producer::connect(broker.clone()).await?;
    let _lock = runs::lock(&context.pool).await?;
    runs::note_killed(&context.pool).await?;
    let run = run_of(context).await?;
    if !context.args.safety.confirmation.yes() && !confirmed(context, &run).await? {
        if context.args.resume.is_none() {
            runs::forget(&context.pool, run.id).await?;
        }
        eprintln!("Nothing was enqueued.");
        return Ok(Exit::Interrupted);
    }
    let sink = Sink::Broker(Box::new((producer, Pace::new(context.args.pace, broker))));
    match go(context, &run, sink).await {
        Ok((report, cursor)) => show(context, &run, report, &cursor).await,
        Err(failure) => {
            if let Err(error) = runs::close(&context.pool, run.id, End::Interrupted).await {
                tracing::warn!(error = shared::db::sqlstate(&error), "the run is still marked as running");
            }
            eprintln!("backfill: to continue: backfill --resume {}", short_id(run.id));
            Err(failure)
        }
    }
}

/// A new run, or the run to resume.
async fn run_of(context: &Context) -> Result<Run, Failure> {
    let args = &context.args;
    if let Some(name) = &args.resume {
        let run = runs::find(&context.pool, name).await?;
        return Ok(Run { options: run.options.clone().resumed(args.safety.canary_share), ..run });
    }
    let actor = args.safety.actor.name();
    let run = runs::create(&context.pool, args.run_options(), &actor).await?;
    let Some(path) = &args.filters.ids_file else { return Ok(run) };
    let loaded = load_ids(&mut *context.pool.acquire().await?, run.id, path).await;
    if loaded.is_err() {
        runs::forget(&context.pool, run.id).await?;
    }
    loaded.map(|()| run)
}

async fn confirmed(context: &Context, run: &Run) -> Result<bool, Failure> {
    let planned = plan(context, run, selection(context, run).await?).await?;
    Ok(!context.stop.is_cancelled() && go_on(&planned, &context.stop).await?)
}

async fn selection(context: &Context, run: &Run) -> Result<Selection, sqlx::Error> {
    Selection::open(&context.pool, run.id, &run.options.filters, context.settings.language).await
}

async fn go(context: &Context, run: &Run, mut sink: Sink) -> Result<(Report, String), Failure> {
    let mut scan = Scan::open(context, run, false, selection(context, run).await?).await?;
    begin(context, run, &scan.report).await?;
    let ending = enqueue(context, run, &mut scan, &mut sink).await?;
    let Scan { mut report, cursor, .. } = scan;
    let rate = context.args.pace.rate;
    report.close(ending, Estimate::of(&report.counts, &context.settings, rate, Utc::now()), None);
    runs::close(&context.pool, run.id, report.end()).await?;
    Ok((report, cursor))
}

async fn begin(context: &Context, run: &Run, report: &Report) -> Result<(), sqlx::Error> {
    let safety = &context.args.safety;
    let flags = if context.args.resume.is_some() { " --resume".to_owned() } else { run.options.flags() };
    let deed = NewEntry {
        actor: &safety.actor.name(),
        action: &format!("backfill{flags}"),
        subject: &format!("run {}, {} users selected", run.id, report.selected),
        reason: &safety.reason,
    };
    runs::begin(&context.pool, run, report.selected, &deed).await
}

/// Enqueues the canary, if there is one, and then the rest.
async fn enqueue(
    context: &Context,
    run: &Run,
    scan: &mut Scan<'_>,
    sink: &mut Sink,
) -> Result<Ending, Failure> {
    let Some(canary) = run.options.canary.filter(|_| !run.canary_passed) else {
        return Ok(scan.advance(sink, None).await?.unwrap_or(Ending::Complete));
    };
    let ending = scan.advance(sink, Some(canary.users)).await?;
    if let Some(ending @ (Ending::Interrupted | Ending::Refused)) = ending {
        return Ok(ending);
    }
    let Some((result, stats)) = watch::canary_result(context, run.id, &scan.cursor, &canary).await? else {
        return Ok(Ending::Interrupted);
    };
    scan.report.canary = Some(stats);
    if result != CanaryResult::Passed {
        return Ok(Ending::CanaryFailed);
    }
    runs::canary_passed(&context.pool, run.id).await?;
    match ending {
        Some(ending) => Ok(ending),
        None => Ok(scan.advance(sink, None).await?.unwrap_or(Ending::Complete)),
    }
}

async fn show(context: &Context, run: &Run, mut report: Report, cursor: &str) -> Result<Exit, Failure> {
    let showing = context.args.showing;
    if !(showing.watch && report.complete) {
        print_line(&report.show(showing.output))?;
        return report.finish();
    }
    if showing.output == Output::Text {
        print_line(&report.show(Output::Text))?;
    }
    let (reached, all) = watch::follow(context, run.id, cursor).await?;
    if showing.output == Output::Text {
        print_line(&format!("\n{}", outcomes::table(&reached)))?;
    } else {
        report.outcomes = Some(reached);
        print_line(&report.show(showing.output))?;
    }
    if all { report.finish() } else { Ok(Exit::Interrupted) }
}

/// The dry run.
pub(crate) async fn dry(context: &Context) -> Result<Exit, Failure> {
    let args = &context.args;
    let run = match &args.resume {
        Some(name) => runs::find(&context.pool, name).await?,
        None => unstored(args.run_options()),
    };
    let language = context.settings.language;
    let mut selection = Selection::open(&context.pool, run.id, &run.options.filters, language).await?;
    if let Some(path) = &args.filters.ids_file {
        shadow_ids(selection.session()).await?;
        load_ids(selection.session(), run.id, path).await?;
    }
    let report = plan(context, &run, selection).await?;
    print_line(&report.show(args.showing.output))?;
    report.finish()
}

/// A run that is not stored.
fn unstored(options: RunOptions) -> Run {
    Run { id: Uuid::nil(), options, cursor: String::new(), counts: Counts::default(), canary_passed: false }
}

/// The report of a dry run from the cursor of `run` on.
async fn plan(context: &Context, run: &Run, selection: Selection) -> Result<Report, Failure> {
    let mut scan = Scan::open(context, run, true, selection).await?;
    let ending = scan.advance(&mut Sink::Nowhere, None).await?.unwrap_or(Ending::Complete);
    let mut report = scan.report;
    let rate = context.args.pace.rate;
    let estimate = Estimate::of(&report.counts, &context.settings, rate, Utc::now());
    report.close(ending, estimate, (!run.id.is_nil()).then_some(run.id));
    Ok(report)
}

/// Asks for the number of users, and returns whether it was typed.
async fn go_on(planned: &Report, stop: &CancellationToken) -> io::Result<bool> {
    let (question, number) = planned.question();
    eprint!("{question} Type {number} to continue: ");
    let (answer, answered) = oneshot::channel();
    // Reading blocks, and the runtime waits for its own blocking threads. It does not wait for this one.
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = io::stdin().lock().read_line(&mut line).map(|_| line);
        // Err: a signal stopped the command.
        let _ = answer.send(read);
    });
    tokio::select! {
        () = stop.cancelled() => Ok(false),
        line = answered => match line {
            Ok(line) => Ok(is_number(&line?, number)),
            Err(_) => Ok(false),
        },
    }
}

/// Blanks and commas in the number are ignored.
fn is_number(line: &str, number: u64) -> bool {
    let digits: String = line.chars().filter(|c| !c.is_whitespace() && *c != ',').collect();
    digits == number.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_number_confirms() {
        assert!(is_number("11702\n", 11_702) && is_number(" 11,702 ", 11_702) && is_number("11 702", 11_702));
        assert!(!is_number("\n", 0) && !is_number("y", 1) && !is_number("1170", 11_702));
    }
}
