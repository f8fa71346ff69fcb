//! Reads signups on a separate thread, since reading blocks. A bounded channel keeps memory constant.

use std::{
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
};

use producer::cli::Failure;
use shared::lines::UniversalLines;
use tokio::sync::mpsc;

use crate::{args::Format, csv_lines, json_lines, line::Line};

/// Lines that are read ahead.
const AHEAD: usize = 1024;

/// Starts reading `file`, `-` being standard input.
pub(crate) fn start(format: Format, file: &Path) -> Result<mpsc::Receiver<Line>, Failure> {
    let reader: Box<dyn Read + Send> = if file.as_os_str() == "-" {
        Box::new(io::stdin())
    } else {
        let opened = File::open(file);
        Box::new(opened.map_err(|e| Failure::usage(format!("{} cannot be read: {e}", file.display())))?)
    };
    let (sink, lines) = mpsc::channel(AHEAD);
    std::thread::spawn(move || match format {
        Format::Jsonl => json_lines::read(BufReader::new(UniversalLines::new(reader)), &sink),
        Format::Csv => csv_lines::read(reader, &sink),
    });
    Ok(lines)
}

/// A channel with this one line.
pub(crate) fn just(line: Line) -> mpsc::Receiver<Line> {
    let (sink, lines) = mpsc::channel(1);
    // Err: the channel is full or closed, and a new one is neither.
    let _ = sink.try_send(line);
    lines
}
