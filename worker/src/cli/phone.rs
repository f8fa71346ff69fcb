//! `worker phone`: what becomes of numbers. Touches nothing, sends nothing.

use std::{
    io::{self, BufRead, BufReader, BufWriter, Read, Write},
    process::ExitCode,
};

use shared::{
    config::{Env, settings::DEFAULT_REGION},
    lines::UniversalLines,
    phone::{self, Region, escape},
};

use crate::cli::exit::Failure;

const EXAMPLES: &str = "\
Examples:
  echo 9807969278 | worker phone -
  worker phone --region none - < numbers.txt

Columns: as given, E.164, valid by the numbering plan, type, why it would not be texted.";

#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Region of numbers without a country code, or `none` [default: DEFAULT_REGION]
    #[arg(long)]
    region: Option<Region>,
    /// Numbers; `-` or none: one per line from standard input
    #[arg(allow_hyphen_values = true)]
    numbers: Vec<String>,
}

/// One line per number: input, E.164, validity, line type, and why it would not be texted.
pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let mut env = Env::of_process();
    let default = env.parse(&DEFAULT_REGION).unwrap_or(Region::NEPAL);
    env.finish(())?;
    let region = arguments.region.unwrap_or(default);
    let mut out = BufWriter::new(io::stdout().lock());
    let result = match arguments.numbers.as_slice() {
        [] => lines(io::stdin().lock(), region, &mut out),
        [dash] if dash == "-" => lines(io::stdin().lock(), region, &mut out),
        numbers => numbers.iter().try_for_each(|n| line(n, region, &mut out)),
    };
    match result.and_then(|()| out.flush()) {
        // Whoever read the output has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        result => result.map(|()| ExitCode::SUCCESS).map_err(Failure::from),
    }
}

fn lines(input: impl Read, region: Region, out: &mut impl Write) -> io::Result<()> {
    let mut input = BufReader::new(UniversalLines::new(input));
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        if input.read_until(b'\n', &mut bytes)? == 0 {
            return Ok(());
        }
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
        }
        // Invalid UTF-8 becomes U+FFFD, which is in no number.
        line(&String::from_utf8_lossy(&bytes), region, out)?;
    }
}

fn line(input: &str, region: Region, out: &mut impl Write) -> io::Result<()> {
    let found = phone::describe(input, region);
    let reason = found.reason.map_or("", phone::Rejection::as_str);
    let e164 = found.e164.as_deref().unwrap_or_default();
    writeln!(out, "{}\t{e164}\t{}\t{}\t{reason}", escape::escape(input), found.valid, found.line_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_may_end_as_on_any_system() {
        for text in ["9807969278\r9807969279\r", "9807969278\n9807969279", "9807969278\r\n9807969279\r\n"] {
            let mut out = Vec::new();
            lines(text.as_bytes(), Region::NEPAL, &mut out).unwrap();
            let out = String::from_utf8(out).unwrap();
            let numbers: Vec<_> = out.lines().filter_map(|line| line.split('\t').nth(1)).collect();
            assert_eq!(numbers, ["+9779807969278", "+9779807969279"], "{text:?}");
        }
    }
}
