//! Brings the portal's users into the table `users`.

mod account;
mod args;
mod batch;
mod clock;
mod columns;
mod deactivate;
mod file;
mod moment;
mod person;
mod plausible;
mod portal;
mod readings;
mod record;
mod report;
mod report_text;
mod run;
mod settings;
mod store;
mod suppress;
mod upsert;

use std::process::ExitCode;

use producer::cli::{finish, parse};

use args::{Args, Source};
use file::Format;

#[tokio::main]
async fn main() -> ExitCode {
    let ended = match parse::<Args>().source {
        Source::Portal(args) => run::run(args).await,
        Source::Csv(args) => file::run(args, Format::Csv).await,
        Source::Jsonl(args) => file::run(args, Format::Jsonl).await,
    };
    finish("import", ended)
}
