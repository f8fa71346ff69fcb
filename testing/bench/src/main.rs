//! Measures the real binaries against real services, beside a bare pipeline that does only what it must.

mod args;
mod bare;
mod event;
mod machine;
mod measure;
mod percentile;
mod process;
mod program;
mod queue;
mod report;
mod scenario;
mod scrape;
mod services;
mod simulator;
mod sizes;
mod stage;
mod standin;
mod usage;
mod worker;

use clap::Parser as _;

use args::{Arguments, Command};
use report::Report;
use services::Services;

/// The worker's: the bare pipeline must not be slower for want of it.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = match arguments.command {
        Command::Bare(bare) => runtime.block_on(bare::run(&bare)),
        Command::Run(run) => runtime.block_on(async {
            tokio::select! {
                done = measure_all(&run) => done,
                // Dropping the run removes everything that it created.
                _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
            }
        }),
    };
    runtime.shutdown_background();
    result
}

async fn measure_all(run: &args::Run) -> anyhow::Result<()> {
    let services = Services::of_process();
    let mut report = Report::new();
    for round in 1..=run.rounds {
        for scenario in run.scenarios() {
            eprintln!("round {round}: {}", scenario.label());
            let rows = scenario.run(&services, &run.sizes).await?;
            report.add(rows);
        }
    }
    machine::print(&services, run.rounds).await?;
    report.print();
    Ok(())
}
