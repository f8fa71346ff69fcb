//! `worker run` and the bare pipeline, configured alike.

use std::{collections::BTreeMap, time::Duration};

use anyhow::bail;
use serde_json::Value;

use crate::{process::Process, program::program, stage::Stage};

/// The simulator's built-in account and its token.
pub(crate) const ACCOUNT: (&str, &str) =
    ("AC00000000000000000000000000000001", "0123456789abcdef0123456789abcdef");
/// The account; everything else as the worker has it by default.
const FIXED: [(&str, &str); 9] = [
    ("TWILIO_ACCOUNT_SID", ACCOUNT.0),
    ("TWILIO_AUTH_TOKEN", ACCOUNT.1),
    ("TWILIO_MESSAGING_SERVICE_SID", "MG00000000000000000000000000000001"),
    ("BACKFILL_WINDOW", ""),
    ("OPS_ADDR", "127.0.0.1:0"),
    ("WEBHOOK_ADDR", "127.0.0.1:0"),
    ("ALLOW_INSECURE", "1"),
    ("LOG_FORMAT", "json"),
    ("RUST_LOG", "info"),
];

/// What a run sets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Calls in flight.
    pub(crate) concurrency: usize,
    /// Segments per second; 0: unlimited.
    pub(crate) rate: u32,
}

/// What every program of ours gets to see.
pub(crate) fn environment(stage: &Stage, twilio: &str, pace: Pace) -> BTreeMap<String, String> {
    let mut env: BTreeMap<String, String> =
        FIXED.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let mut set = |name: &str, value: &str| env.insert(name.to_owned(), value.to_owned());
    set("DATABASE_URL", &stage.database);
    set("AMQP_URL", &stage.services.amqp);
    set("AMQP_NAMESPACE", &stage.name);
    set("WORKER_CONCURRENCY", &pace.concurrency.to_string());
    set("SEND_RATE", &pace.rate.to_string());
    for product in ["API", "LOOKUPS", "MESSAGING", "ACCOUNTS", "CONTENT"] {
        set(&format!("TWILIO_{product}_BASE_URL"), twilio);
    }
    env
}

/// Starts a worker and does not wait for anything.
pub(crate) fn start(stage: &Stage, twilio: &str, pace: Pace) -> anyhow::Result<Process> {
    start_with(stage, twilio, pace, &[])
}

/// Starts a worker with further settings.
pub(crate) fn start_with(
    stage: &Stage,
    twilio: &str,
    pace: Pace,
    settings: &[(&str, &str)],
) -> anyhow::Result<Process> {
    let mut env = environment(stage, twilio, pace);
    env.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    Process::start(&program("worker")?, &["run"], &env, stage.folder())
}

/// Starts the bare pipeline for `events` events.
pub(crate) fn start_bare(stage: &Stage, twilio: &str, pace: Pace, events: u32) -> anyhow::Result<Process> {
    let (events, concurrency) = (events.to_string(), pace.concurrency.to_string());
    let args = ["bare", "--events", &events, "--concurrency", &concurrency];
    Process::start(&program("bench")?, &args, &environment(stage, twilio, pace), stage.folder())
}

/// Waits until both of its lanes are consumed.
pub(crate) async fn until_consuming(worker: &mut Process) -> anyhow::Result<()> {
    for _ in 0..2000 {
        worker.check()?;
        if worker.output().matches("\"consuming\"").count() >= 2 {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    bail!("the worker does not consume: {}", worker.output())
}

/// Where a worker listens, as its own log says of the setting.
pub(crate) fn address(log: &str, setting: &str) -> Option<String> {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut own = lines.filter(|line| line["message"] == "listening" && line["setting"] == setting);
    Some(own.next()?["address"].as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_found_among_other_lines() {
        let log = "no json\n{\"message\":\"listening\",\"setting\":\"WEBHOOK_ADDR\",\"address\":\"127.0.0.1:1\"}\n\
                   {\"message\":\"listening\",\"setting\":\"OPS_ADDR\",\"address\":\"127.0.0.1:2\"}\n";
        assert_eq!(address(log, "OPS_ADDR").as_deref(), Some("127.0.0.1:2"));
        assert_eq!(address(log, "WEBHOOK_ADDR").as_deref(), Some("127.0.0.1:1"));
        assert_eq!(address("", "OPS_ADDR"), None);
    }
}
