//! A command line as a reader would type it.

use std::{collections::BTreeMap, process::Stdio};

use anyhow::Context as _;
use support::binary;

/// Runs it with our programs on the path and this environment; returns exit code and all that a terminal shows.
pub(super) async fn run(command: &str, env: &BTreeMap<String, String>) -> anyhow::Result<(i32, String)> {
    let ours = binary("worker")?;
    let ours = ours.parent().context("the folder of the programs")?;
    let path = format!("{}:{}", ours.display(), std::env::var("PATH").unwrap_or_default());
    let ended = tokio::process::Command::new("bash")
        .args(["-c", &format!("set -o pipefail; exec 2>&1; {command}")])
        .env_clear()
        .envs(env)
        .envs([("PATH", path.as_str()), ("LANG", "C.UTF-8")])
        .stdin(Stdio::null())
        .output()
        .await?;
    Ok((
        ended.status.code().context("ended by a signal")?,
        String::from_utf8_lossy(&ended.stdout).into_owned(),
    ))
}
