//! Imports the portal's users into the table `users`.

mod account;
mod args;
mod columns;
mod dates;
mod doors;
mod file;
mod portal;
mod record;
mod report;
mod seen;
mod store;
mod tables;
mod wishes;

use std::process::ExitCode;

use producer::cli::{finish, parse};

use args::{Args, Source};
use file::source::Format;

#[tokio::main]
async fn main() -> ExitCode {
    let ended = match parse::<Args>().source {
        Source::Portal(args) => portal::run(args).await,
        Source::Csv(args) => file::run(args, Format::Csv).await,
        Source::Jsonl(args) => file::run(args, Format::Jsonl).await,
    };
    finish("import", ended)
}
