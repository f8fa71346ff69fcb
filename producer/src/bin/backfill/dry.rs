//! The dry run, and the plan that a person is shown before a real one.

use chrono::Utc;
use producer::cli::{Exit, Failure, print};
use uuid::Uuid;

use crate::{
    context::Context,
    order::Order,
    pass::Pass,
    publish::Sink,
    report::{Counts, Ending, Estimate, Report},
    store::{
        ids,
        runs::{self, Run},
        selection::Selection,
    },
};

/// Counts, as asked on the command line.
pub(crate) async fn run(context: &Context) -> Result<Exit, Failure> {
    let args = &context.args;
    let run = match &args.resume {
        Some(name) => runs::find(&context.pool, name).await?,
        None => unstored(Order::of(args)),
    };
    let language = context.settings.language;
    let mut selection = Selection::open(&context.pool, run.id, &run.order.filters, language).await?;
    if let Some(path) = &args.filters.ids_file {
        ids::shadow(selection.session()).await?;
        ids::load(selection.session(), run.id, path).await?;
    }
    let report = plan(context, &run, selection).await?;
    print(&report.show(args.showing.output))?;
    report.finish()
}

/// A run that leaves no trace.
fn unstored(order: Order) -> Run {
    Run { id: Uuid::nil(), order, cursor: String::new(), counts: Counts::default(), canary_passed: false }
}

/// What `run` would do from here on.
pub(crate) async fn plan(context: &Context, run: &Run, selection: Selection) -> Result<Report, Failure> {
    let mut pass = Pass::open(context, run, true, selection).await?;
    let ending = pass.advance(&mut Sink::Nowhere, None).await?.unwrap_or(Ending::Complete);
    let mut report = pass.report;
    let rate = context.args.pace.rate;
    let estimate = Estimate::of(&report.counts, &context.settings, rate, Utc::now());
    report.close(ending, estimate, (!run.id.is_nil()).then_some(run.id));
    Ok(report)
}
