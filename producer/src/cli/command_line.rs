//! The command line of a program: the layout of its help, and a command that prints a script for completion.

use std::process;

use clap::{Command, Parser, builder::EnumValueParser};
use shared::cli::{CompletionShell, completions, output::print};

/// For clap's `help_template`; the examples are its `before_help`.
pub const TEMPLATE: &str =
    "{about-with-newline}\n{before-help}{usage-heading} {usage}\n\n{all-args}{after-help}";

const NAME: &str = "completions";

/// Parses the command line, or prints the script for `completions SHELL` and ends.
pub fn parse<A: Parser>() -> A {
    shared::telemetry::report_panics_by_location();
    let matches = command::<A>().get_matches();
    if let Some((NAME, asked)) = matches.subcommand() {
        let shell = asked.get_one("shell").copied().unwrap_or(CompletionShell::Bash);
        // Err: standard output is closed.
        process::exit(i32::from(print(&completions(command::<A>(), shell)).is_err()));
    }
    A::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

fn command<A: Parser>() -> Command {
    let whole = A::command();
    let name = whole.get_name().to_owned();
    let examples = format!(
        "Examples\n  {name} completions bash > /etc/bash_completion.d/{name}\n  {name} completions zsh > ~/.zfunc/_{name}\n\n"
    );
    let shell = clap::Arg::new("shell")
        .value_name("SHELL")
        .required(true)
        .value_parser(EnumValueParser::<CompletionShell>::new());
    let completions = Command::new(NAME)
        .about("Print a script that completes commands and options")
        .help_template(TEMPLATE)
        .before_help(examples)
        .arg(shell);
    whole.subcommand(completions).disable_help_subcommand(true)
}
