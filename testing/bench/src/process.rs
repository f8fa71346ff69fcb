//! A process that is measured.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};

use crate::usage;

/// How long a process may take to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running process; dropping it kills it.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    output: PathBuf,
}

impl Process {
    /// Starts `path` with this environment and no other; everything it writes goes to a file in `folder`.
    pub(crate) fn start(
        path: &Path,
        args: &[&str],
        env: &BTreeMap<String, String>,
        folder: &Path,
    ) -> anyhow::Result<Self> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let output = folder.join(format!("{name}-{}.log", uuid::Uuid::now_v7().simple()));
        let file = File::create(&output)?;
        let mut command = Command::new(path);
        command.args(args).env_clear().envs(env).stdin(Stdio::null());
        command.stdout(file.try_clone()?).stderr(file);
        let child = command.spawn().with_context(|| format!("starting {}", path.display()))?;
        Ok(Self { child, output })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The most memory it has held so far, in MiB.
    pub(crate) fn peak_memory(&self) -> anyhow::Result<f64> {
        usage::peak_memory(self.pid())
    }

    /// What it wrote so far.
    pub(crate) fn output(&self) -> String {
        fs::read(&self.output).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Waits for its end.
    pub(crate) async fn wait(&mut self, limit: Duration) -> anyhow::Result<ExitStatus> {
        let began = Instant::now();
        while began.elapsed() < limit {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        bail!("still running after {limit:?}: {}", tail(&self.output()))
    }

    /// Asks it to end, and waits until it has.
    pub(crate) async fn stop(&mut self) -> anyhow::Result<()> {
        let pid = self.pid().to_string();
        Command::new("kill").args(["-TERM", &pid]).status()?;
        let status = self.wait(PATIENCE).await?;
        if !status.success() {
            bail!("ended with {status}: {}", tail(&self.output()));
        }
        Ok(())
    }

    /// Fails when it has ended by itself.
    pub(crate) fn check(&mut self) -> anyhow::Result<()> {
        match self.ended()? {
            Some(status) => bail!("ended with {status}: {}", tail(&self.output())),
            None => Ok(()),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Err: it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn tail(text: &str) -> &str {
    let from = text.len().saturating_sub(1500);
    (from..text.len()).find(|at| text.is_char_boundary(*at)).map_or(text, |at| &text[at..])
}
