//! Logging, panics and metrics. Log lines are JSON, or readable text on a terminal. They never contain a full number, a
//! name or a body.

mod buffered;
mod loggable;
pub mod metric;

use std::{
    fmt,
    io::{self, IsTerminal},
    panic::{Location, PanicHookInfo},
};

pub use buffered::Flush;
pub use loggable::{loggable, loggable_sentence};
use serde_json::json;
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    EnvFilter,
    fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter, format::Writer},
    registry::LookupSpan,
};

use crate::config::{Env, settings};

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object per line.
    Json,
    /// Readable text.
    Pretty,
}

/// Reads `LOG_FORMAT`. If it is unset, a terminal gets readable text.
pub fn log_format(env: &mut Env) -> LogFormat {
    match env.text(&settings::LOG_FORMAT).as_str() {
        "pretty" => LogFormat::Pretty,
        "" if io::stderr().is_terminal() => LogFormat::Pretty,
        "json" | "" => LogFormat::Json,
        other => {
            env.fault(settings::LOG_FORMAT.name, format_args!("{other:?} is neither `json` nor `pretty`"));
            LogFormat::Json
        }
    }
}

/// Limits for libraries that log requests, frames, statements or numbers at detailed levels. `RUST_LOG` cannot lift them.
const QUIET: [&str; 6] =
    ["rlibphonenumber=off", "lapin=info", "hyper=info", "hyper_util=info", "reqwest=info", "sqlx=warn"];

/// Starts logging to standard error. A second call changes nothing.
pub fn init(format: LogFormat) {
    start(format, io::stderr);
}

/// As [`init`], for a program that logs thousands of lines per second. A thread writes all waiting lines together, a few
/// milliseconds later. Lines are never dropped. A killed process loses the last milliseconds.
///
/// # Errors
/// The thread cannot be started.
pub fn init_buffered(format: LogFormat) -> io::Result<Flush> {
    let (lines, flush) = buffered::start(io::stderr())?;
    start(format, move || lines.clone());
    Ok(flush)
}

fn start<W>(format: LogFormat, writer: W)
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let wanted = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let filter = QUIET.iter().filter_map(|d| d.parse().ok()).fold(wanted, EnvFilter::add_directive);
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    let _already_set = match format {
        LogFormat::Json => {
            let json = tracing_subscriber::fmt::format().json();
            let json = json.flatten_event(true).with_current_span(false).with_span_list(false);
            lines.json().event_format(Origin { head: head(), json }).try_init()
        }
        LogFormat::Pretty => lines.with_target(false).try_init(),
    };
}

/// Begins every JSON line with the identity of the process.
struct Origin<F> {
    head: String,
    json: F,
}

impl<S, N, F> FormatEvent<S, N> for Origin<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::with_capacity(512);
        self.json.format_event(context, Writer::new(&mut line), event)?;
        writer.write_str(&self.head)?;
        writer.write_str(line.strip_prefix('{').unwrap_or(&line))
    }
}

/// `{"service":"worker","version":"0.1.0","instance":"host:pid",`
fn head() -> String {
    let program = std::env::current_exe().ok();
    let service = program.as_deref().and_then(|p| p.file_stem()).unwrap_or_default().to_string_lossy();
    let host =
        std::env::var("HOSTNAME").ok().or_else(|| std::fs::read_to_string("/proc/sys/kernel/hostname").ok());
    let instance = format!("{}:{}", host.as_deref().unwrap_or("?").trim(), std::process::id());
    format!(
        r#"{{"service":{},"version":{},"instance":{},"#,
        json!(service),
        json!(env!("CARGO_PKG_VERSION")),
        json!(instance)
    )
}

/// Installs a panic hook that reports only the location, because the message of a panic may quote a number or a body.
/// Call it first in every program.
pub fn report_panics_by_location() {
    std::panic::set_hook(Box::new(report_panic));
}

fn report_panic(panic: &PanicHookInfo<'_>) {
    let at = location_text(panic.location());
    if tracing::dispatcher::has_been_set() {
        tracing::error!(at, "panicked");
    } else {
        eprintln!("panicked at {at}");
    }
}

fn location_text(location: Option<&Location<'_>>) -> String {
    location.map_or_else(|| "an unknown place".to_owned(), |at| format!("{}:{}", at.file(), at.line()))
}
