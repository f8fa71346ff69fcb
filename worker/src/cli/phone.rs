//! `worker phone`: shows how numbers are read. It changes nothing and sends nothing.

use std::{
    io::{self, BufWriter, Write},
    process::ExitCode,
};

use serde::Serialize;
use shared::{
    cli::{
        Failure, each_line,
        output::{self, Output, Record},
    },
    config::{Env, settings::DEFAULT_REGION},
    phone::{self, Region, escape},
};

const EXAMPLES: &str = "\
Examples:
  echo 9807969278 | worker phone -
  worker phone --region none - < numbers.txt
  worker phone --output csv - < numbers.txt      for a spreadsheet

Columns: as given, E.164, valid by the numbering plan, type, why the worker would not text it.";

#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Region of numbers without a country code, or `none` [default: DEFAULT_REGION]
    #[arg(long)]
    region: Option<Region>,
    /// Output format; human is one line of tab-separated columns per number
    #[arg(long, value_enum, default_value = "human")]
    output: Output,
    /// Numbers, after all options; `-` or none reads one per line from standard input
    #[arg(allow_hyphen_values = true)]
    numbers: Vec<String>,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let mut env = Env::of_process();
    let default = env.parse(&DEFAULT_REGION).unwrap_or(Region::NEPAL);
    env.finish(())?;
    let region = arguments.region.unwrap_or(default);
    let is_option = |word: &String| word.starts_with("--output") || word.starts_with("--region");
    if arguments.numbers.iter().any(is_option) {
        return Err(Failure::usage("an option follows a number: give --output and --region first"));
    }
    let result = match arguments.output {
        // Text is printed as it is read, because a list may be long and a person may type it.
        Output::Text => {
            let mut out = BufWriter::new(io::stdout().lock());
            each(&arguments.numbers, |number| out.write_all(text(&Number::read(number, region)).as_bytes()))
                .and_then(|()| out.flush())
        }
        Output::Jsonl => each(&arguments.numbers, |number| {
            output::print(&output::json_lines(SCHEMA, &[Number::read(number, region)]))
        }),
        Output::Json | Output::Csv => {
            let mut rows = Vec::new();
            each(&arguments.numbers, |number| {
                rows.push(Number::read(number, region));
                Ok(())
            })
            .and_then(|()| output::print(&output::records(SCHEMA, &rows, arguments.output)?))
        }
    };
    match result {
        // The reader of the output has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        result => result.map(|()| ExitCode::SUCCESS).map_err(Failure::from),
    }
}

/// Calls `act` with each number of the arguments or of standard input.
fn each(numbers: &[String], mut act: impl FnMut(&str) -> io::Result<()>) -> io::Result<()> {
    match numbers {
        [] => each_line(io::stdin().lock(), act),
        [dash] if dash == "-" => each_line(io::stdin().lock(), act),
        numbers => numbers.iter().try_for_each(|number| act(number)),
    }
}

const SCHEMA: &str = "phone/1";

/// The field names are a published schema: add to it, never rename.
#[derive(Serialize)]
struct Number {
    input: String,
    e164: Option<String>,
    valid: bool,
    line_type: &'static str,
    reason: Option<&'static str>,
}

impl Number {
    fn read(input: &str, region: Region) -> Self {
        let found = phone::describe(input, region);
        Self {
            input: input.to_owned(),
            e164: found.e164,
            valid: found.valid,
            line_type: found.line_type,
            reason: found.reason.map(phone::Rejection::as_str),
        }
    }
}

impl Record for Number {
    const COLUMNS: &'static [&'static str] = &["input", "e164", "valid", "line_type", "reason"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.input.clone(),
            self.e164.clone().unwrap_or_default(),
            self.valid.to_string(),
            self.line_type.to_owned(),
            self.reason.unwrap_or_default().to_owned(),
        ]
    }
}

/// Tab-separated, without a header.
fn text(number: &Number) -> String {
    let mut cells = number.cells();
    cells[0] = escape::escape(&number.input).into_owned();
    cells.join("\t") + "\n"
}
