//! `import csv` and `import jsonl`: the file is read twice, first checked, then stored.

mod check;
mod column_errors;
mod csv_rows;
mod json_rows;
pub(crate) mod layout;
pub(crate) mod raw_row;
pub(crate) mod row;
mod row_error;
mod row_result;
pub(crate) mod source;
mod words;

use std::{io, thread};

use chrono::{DateTime, SecondsFormat, Utc};
use producer::cli::{Exit, Failure, Progress, interruption, open_database, print_line};
use shared::{config::Env, telemetry};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::{
    args::{self, Options},
    record::Skip,
    report::{FileNote, Origin, Report},
    store::{Import, Settings},
    tables::{self, Terms},
};
use check::{Checked, check};
use row_result::{RowOutcome, RowReport, RowResult, hint};
use source::{Format, Source, each};

/// Rows that the reading thread hands over together.
const CHUNK: usize = 500;
/// Chunks that are read ahead.
const AHEAD: usize = 4;

/// Checks the whole file and then stores it. Fails on errors of the file as a whole.
pub(crate) async fn run(args: args::File, format: Format) -> Result<Exit, Failure> {
    let (settings, ()) = Settings::read(Env::of_process(), |_, _| ())?;
    telemetry::init(settings.log_format);
    let told = told_time(args.source_time)?;
    let stop = interruption()?;
    let pool = open_database(&settings.database, "import", 1).await?;
    let rows = RowReport::create(args.report.as_deref())?;
    let (path, mapping, asked) = (args.path.clone(), args.mapping(), stop.clone());
    let first = aside(&stop, move || {
        let mut source = Source::open(&path, format)?;
        let checked = check(&mut source, format, &mapping, &asked)?;
        Ok(checked.map(|checked| (source, checked)))
    });
    let Some((source, checked)) = first.await? else {
        eprintln!("Interrupted while the file was checked: nothing was written.");
        return Ok(Exit::Interrupted);
    };
    settings.check_key(&pool).await?;
    let now = tables::now(&pool).await?;
    let taken_at = told.or(source.modified).unwrap_or(now).min(now);
    let Options { dry_run, output, no_progress, .. } = args.options;
    let held = checked.flawed && !args.allow_partial;
    let terms = Terms { taken_at, partial: true, write: !(dry_run || held) };
    let mut report = Report::new(dry_run, Origin::File(note(&source, format, taken_at)));
    report.held = held;
    let progress = Progress::new("read", checked.rows, no_progress);
    let import = Import::new(&pool, &settings, terms, args.options.author(), progress, report);
    let time = taken_at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let subject = format!("{} rows, data of {time}", checked.rows);
    import.note(&format!("import {}", format.as_str()), &subject).await?;
    let second = Second { import, rows, stop };
    let report = second.run(source, format, args, checked).await?;
    print_line(&report.show(output))?;
    Ok(report.exit())
}

/// The second reading.
struct Second<'a> {
    import: Import<'a>,
    rows: RowReport,
    stop: CancellationToken,
}

impl Second<'_> {
    async fn run(
        mut self,
        mut source: Source,
        format: Format,
        args: args::File,
        checked: Checked,
    ) -> Result<Report, Failure> {
        let (sink, mut chunks) = mpsc::channel::<Vec<RowResult>>(AHEAD);
        let (numbers, mapping) = (self.import.settings.numbers.clone(), args.mapping());
        let reader = thread::spawn(move || {
            let mut chunk = Vec::with_capacity(CHUNK);
            each(&mut source, format, &mapping, |row| {
                chunk.push(RowResult::of(row, &checked, &numbers));
                chunk.len() < CHUNK || sink.blocking_send(std::mem::take(&mut chunk)).is_ok()
            })?;
            // Err: the receiver is gone, and reading ends anyway.
            let _ = sink.blocking_send(chunk);
            source.check_unchanged()
        });
        while let Some(chunk) = chunks.recv().await {
            for found in chunk {
                self.take(found).await?;
            }
            self.import.progress.set(self.import.report.read());
            if self.stop.is_cancelled() {
                break;
            }
        }
        drop(chunks);
        let complete = !self.stop.is_cancelled();
        self.import.write_rest().await?;
        self.report_rows()?;
        let report = self.import.finish(complete);
        self.rows.close()?;
        reader.join().map_err(|_| io::Error::other("the reading thread failed"))??;
        Ok(report)
    }

    async fn take(&mut self, found: RowResult) -> Result<(), Failure> {
        if let Some((reason, what_to_do)) = hint(&found) {
            self.rows.row(found.user_id.as_ref(), found.line, reason, what_to_do)?;
        }
        let held = self.import.report.held;
        let report = &mut self.import.report;
        let mut wishes = found.wishes.filter(|_| !held);
        match (found.outcome, found.user_id) {
            (RowOutcome::Store(record), _) if held => report.hold(&record),
            (RowOutcome::Store(record), _) => match &mut wishes {
                Some(row) => row.record = Some(*record),
                None => self.import.store(*record).await?,
            },
            (RowOutcome::Closed, Some(user)) if !held => self.import.skip(Skip::Inactive(user)).await?,
            (RowOutcome::Closed, _) => report.closed(),
            (RowOutcome::Repeated, _) => report.repeated += 1,
            (RowOutcome::Bad(problem), _) => report.bad.add(problem, found.line),
        }
        if let Some(row) = wishes {
            self.import.carry_out_with_others(row).await?;
        }
        self.report_rows()
    }

    /// Adds to the row report the findings of storing rows.
    fn report_rows(&mut self) -> Result<(), Failure> {
        for row in self.import.attention.drain(..) {
            self.rows.row(row.user_id.as_ref(), row.line, row.reason, row.what_to_do)?;
        }
        Ok(())
    }
}

fn told_time(told: Option<DateTime<Utc>>) -> Result<Option<DateTime<Utc>>, Failure> {
    match told {
        Some(time) if time > Utc::now() => {
            Err(Failure::usage("--source-time is in the future: give the time of the export"))
        }
        told => Ok(told),
    }
}

fn note(source: &Source, format: Format, taken_at: DateTime<Utc>) -> FileNote {
    FileNote {
        format,
        separator: (format == Format::Csv).then_some(char::from(source.beginning.separator)),
        byte_order_mark: source.beginning.byte_order_mark,
        taken_at,
    }
}

/// Runs `work` on its own thread, since reading blocks. None if a signal stops the command first.
async fn aside<T: Send + 'static>(
    stop: &CancellationToken,
    work: impl FnOnce() -> Result<Option<T>, Failure> + Send + 'static,
) -> Result<Option<T>, Failure> {
    let (done, ended) = oneshot::channel();
    // Err: the receiver is gone.
    thread::spawn(move || done.send(work()).is_ok());
    tokio::select! {
        ended = ended => ended.map_err(|_| io::Error::other("the reading thread failed"))?,
        () = stop.cancelled() => Ok(None),
    }
}
