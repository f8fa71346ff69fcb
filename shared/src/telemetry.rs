//! Log lines: JSON for machines, readable on a terminal. Never a full number, a name or a body.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::{Env, settings};

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Pretty,
}

/// Reads `LOG_FORMAT`; unset, a terminal gets pretty lines.
pub fn log_format(env: &mut Env) -> LogFormat {
    match env.text(&settings::LOG_FORMAT).as_str() {
        "pretty" => LogFormat::Pretty,
        "" if std::io::stderr().is_terminal() => LogFormat::Pretty,
        "json" | "" => LogFormat::Json,
        other => {
            env.fault(settings::LOG_FORMAT.name, format_args!("{other:?} is neither `json` nor `pretty`"));
            LogFormat::Json
        }
    }
}

/// Libraries that log requests, frames, statements or numbers when asked for detail: whatever `RUST_LOG` says,
/// they may not.
const QUIET: [&str; 6] =
    ["rlibphonenumber=off", "lapin=info", "hyper=info", "hyper_util=info", "reqwest=info", "sqlx=warn"];

/// Starts logging to standard error. A second call changes nothing.
pub fn init(format: LogFormat) {
    let wanted = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let filter = QUIET.iter().filter_map(|d| d.parse().ok()).fold(wanted, EnvFilter::add_directive);
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let _already_set = match format {
        LogFormat::Json => {
            lines.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init()
        }
        LogFormat::Pretty => lines.with_target(false).try_init(),
    };
}
