//! Prometheus's own checker of metrics and rules: `promtool` of Debian's package `prometheus`.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};

use crate::skip;

/// Where the rules lie.
pub fn rules() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/prometheus")
}

/// Runs promtool with this input; fails with what it said. False: it is not installed, and the scenario was named
/// as skipped.
pub fn promtool(args: &[&str], input: &str) -> anyhow::Result<bool> {
    let mut command = Command::new("promtool");
    let piped = command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = match piped.spawn() {
        Ok(child) => child,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            skip("promtool is not installed (Debian package prometheus)")?;
            return Ok(false);
        }
        Err(error) => return Err(error.into()),
    };
    child.stdin.take().context("its input")?.write_all(input.as_bytes())?;
    let output = child.wait_with_output()?;
    let said = [output.stdout, output.stderr].concat();
    ensure!(output.status.success(), "promtool {args:?}: {}", String::from_utf8_lossy(&said));
    Ok(true)
}
