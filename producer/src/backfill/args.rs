//! The command line of `backfill`.

use clap::Parser;
use producer::command::{EXIT_CODES, Output, TEMPLATE};

const EXAMPLES: &str = "\
Examples
  backfill --dry-run                   count, validate, price; publishes nothing, changes nothing
  backfill                             shows the count, asks, then enqueues
  backfill --yes --output json         for scripts

";

/// Enqueue a welcome for every stored user who needs one. Safe to repeat: no number is texted twice.
///
/// Enqueued means that RabbitMQ has stored her event; the worker sends. One backfill runs at a time.
#[derive(Debug, Parser)]
#[command(name = "backfill", version, help_template = TEMPLATE, before_help = EXAMPLES, after_help = notes())]
pub(crate) struct Args {
    /// Run the same plan without publishing.
    #[arg(short = 'n', long, help_heading = "Safety")]
    pub(crate) dry_run: bool,
    /// Do not ask. Needed where there is no terminal.
    #[arg(short = 'y', long, help_heading = "Safety")]
    pub(crate) yes: bool,
    /// How the report is written.
    #[arg(long, value_name = "FORMAT", default_value = "human", help_heading = "Output")]
    pub(crate) output: Output,
    /// No progress on standard error.
    #[arg(long, help_heading = "Output")]
    pub(crate) no_progress: bool,
}

fn notes() -> String {
    format!("{SETTINGS}{EXIT_CODES}\n            69 also while another backfill is running")
}

const SETTINGS: &str = "\
Settings    DATABASE_URL, AMQP_URL (not for a dry run), AMQP_NAMESPACE, DEFAULT_REGION,
            ALLOWED_COUNTRIES, DEFAULT_LANGUAGE, SEND_RATE [default: 10],
            SMS_PRICE_USD [default: 0.30]
";

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
        let args = Args::try_parse_from(["backfill", "-n", "--output", "json"]).unwrap();
        assert!(args.dry_run && !args.yes && args.output == Output::Json);
    }

    #[test]
    fn help_begins_with_examples() {
        let help = Args::command().render_long_help().to_string();
        let at = |word: &str| help.find(word).unwrap();
        assert!(at("Examples") < at("Usage") && at("Usage") < at("Exit codes"));
    }
}
