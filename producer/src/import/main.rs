//! Brings the portal's users into the table `users`.

mod account;
mod args;
mod batch;
mod columns;
mod deactivate;
mod portal;
mod readings;
mod record;
mod report;
mod run;
mod settings;
mod upsert;

use std::process::ExitCode;

use clap::Parser;
use producer::command::{Exit, Failure, Progress, connect, finish, interruption, open_database, print};
use shared::{config::Env, telemetry};

use args::{Args, Source};
use portal::Portal;
use run::Import;
use settings::Settings;

#[tokio::main]
async fn main() -> ExitCode {
    let Source::Portal(args) = Args::parse().source;
    finish("import", run(&args).await)
}

async fn run(args: &args::Portal) -> Result<Exit, Failure> {
    let settings = Settings::read(Env::of_process())?;
    telemetry::init(settings.log_format);
    let stop = interruption()?;
    let pool = open_database(&settings.database, "import", 1).await?;
    let name = settings::PORTAL_DATABASE_URL.name;
    let mut source = connect(&settings.portal, "import", "the portal's database", name).await?;
    let mut portal = Portal::open(&mut source).await?;
    let progress = Progress::new("read", portal.accounts(), args.no_progress);
    let import = Import::new(&pool, &settings.numbers, !args.dry_run, &portal, progress);
    let report = import.run(&mut portal, &stop).await?;
    print(&report.show(args.output))?;
    Ok(report.exit())
}
