//! The real run.

use chrono::Utc;
use producer::{
    Broker, Producer,
    cli::{Exit, Failure, print},
};
use shared::audit::{self, NewEntry};

use crate::{
    args::Format,
    ask,
    canary::Verdict,
    context::Context,
    dry,
    order::Order,
    pace::Pace,
    pass::Pass,
    publish::Sink,
    report::{Ending, Estimate, Report},
    run_name::short,
    store::{
        ids, lock,
        runs::{self, End, Run},
        selection::Selection,
    },
    trial, watch,
};

/// Enqueues, as asked on the command line.
pub(crate) async fn run(context: &Context, broker: Broker) -> Result<Exit, Failure> {
    let producer = Producer::connect(broker.clone()).await?;
    let _lock = lock::take(&context.pool).await?;
    runs::note_killed(&context.pool).await?;
    let run = run_of(context).await?;
    if !context.args.safety.yes && !confirmed(context, &run).await? {
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
                tracing::warn!(error = shared::db::sqlstate(&error), "the run still calls itself running");
            }
            eprintln!("backfill: to go on: backfill --resume {}", short(run.id));
            Err(failure)
        }
    }
}

/// A new run, or the one to go on with.
async fn run_of(context: &Context) -> Result<Run, Failure> {
    let args = &context.args;
    if let Some(name) = &args.resume {
        let run = runs::find(&context.pool, name).await?;
        return Ok(Run { order: run.order.clone().resumed(args), ..run });
    }
    let actor = audit::actor(args.safety.actor.as_deref());
    let run = runs::create(&context.pool, Order::of(args), &actor).await?;
    let Some(path) = &args.filters.ids_file else { return Ok(run) };
    let loaded = ids::load(&mut *context.pool.acquire().await?, run.id, path).await;
    if loaded.is_err() {
        runs::forget(&context.pool, run.id).await?;
    }
    loaded.map(|()| run)
}

async fn confirmed(context: &Context, run: &Run) -> Result<bool, Failure> {
    let planned = dry::plan(context, run, selection(context, run).await?).await?;
    Ok(!context.stop.is_cancelled() && ask::go_on(&planned, &context.stop).await?)
}

async fn selection(context: &Context, run: &Run) -> Result<Selection, sqlx::Error> {
    Selection::open(&context.pool, run.id, &run.order.filters, context.settings.language).await
}

async fn go(context: &Context, run: &Run, mut sink: Sink) -> Result<(Report, String), Failure> {
    let mut pass = Pass::open(context, run, false, selection(context, run).await?).await?;
    begin(context, run, &pass.report).await?;
    let ending = enqueue(context, run, &mut pass, &mut sink).await?;
    let Pass { mut report, cursor, .. } = pass;
    let rate = context.args.pace.rate;
    report.close(ending, Estimate::of(&report.counts, &context.settings, rate, Utc::now()), None);
    runs::close(&context.pool, run.id, report.end()).await?;
    Ok((report, cursor))
}

async fn begin(context: &Context, run: &Run, report: &Report) -> Result<(), sqlx::Error> {
    let safety = &context.args.safety;
    let flags = if context.args.resume.is_some() { " --resume".to_owned() } else { run.order.flags() };
    let deed = NewEntry {
        actor: &audit::actor(safety.actor.as_deref()),
        action: &format!("backfill{flags}"),
        subject: &format!("run {}, {} users selected", run.id, report.selected),
        reason: &safety.reason,
    };
    runs::begin(&context.pool, run, report.selected, &deed).await
}

/// First the canary, if there is one; then the rest.
async fn enqueue(
    context: &Context,
    run: &Run,
    pass: &mut Pass<'_>,
    sink: &mut Sink,
) -> Result<Ending, Failure> {
    let Some(canary) = run.order.canary.filter(|_| !run.canary_passed) else {
        return Ok(pass.advance(sink, None).await?.unwrap_or(Ending::Complete));
    };
    let ending = pass.advance(sink, Some(canary.users)).await?;
    if let Some(ending @ (Ending::Interrupted | Ending::Refused)) = ending {
        return Ok(ending);
    }
    let Some((verdict, tally)) = trial::judge(context, run.id, &pass.cursor, &canary).await? else {
        return Ok(Ending::Interrupted);
    };
    pass.report.canary = Some(tally);
    if verdict != Verdict::Well {
        return Ok(Ending::CanaryIll);
    }
    runs::canary_passed(&context.pool, run.id).await?;
    match ending {
        Some(ending) => Ok(ending),
        None => Ok(pass.advance(sink, None).await?.unwrap_or(Ending::Complete)),
    }
}

async fn show(context: &Context, run: &Run, mut report: Report, cursor: &str) -> Result<Exit, Failure> {
    let showing = context.args.showing;
    if !(showing.watch && report.complete) {
        print(&report.show(showing.output))?;
        return report.finish();
    }
    if showing.output == Format::Human {
        print(&report.show(Format::Human))?;
    }
    let (outcomes, all) = watch::follow(context, run.id, cursor).await?;
    if showing.output == Format::Human {
        print(&format!("\n{}", watch::table(&outcomes)))?;
    } else {
        report.outcomes = Some(outcomes);
        print(&report.show(showing.output))?;
    }
    if all { report.finish() } else { Ok(Exit::Interrupted) }
}
