//! A real process of ours: started, signalled, killed, waited for.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    time::Duration,
};

use anyhow::{Context as _, ensure};

use crate::{binary, injected, patience::until};

/// A signal that a process may survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Ask it to end.
    Term,
    /// Freeze it.
    Stop,
    /// Let it go on.
    Cont,
}

/// A running process; dropping it kills it.
#[derive(Debug)]
pub struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Process {
    /// Starts `program` with this environment and no other; its output goes to files in `folder`.
    pub fn start(
        program: &str,
        name: &str,
        args: &[&str],
        env: &BTreeMap<String, String>,
        folder: &Path,
    ) -> anyhow::Result<Self> {
        let mut process = Self::start_open(program, name, args, env, folder)?;
        process.close_input();
        Ok(process)
    }

    /// The same, with its standard input left open.
    pub(crate) fn start_open(
        program: &str,
        name: &str,
        args: &[&str],
        env: &BTreeMap<String, String>,
        folder: &Path,
    ) -> anyhow::Result<Self> {
        let (stdout, stderr) = (folder.join(format!("{name}.out")), folder.join(format!("{name}.log")));
        let mut command = Command::new(binary::binary(program)?);
        command.args(args).env_clear().envs(env).stdin(Stdio::piped());
        command.stdout(File::create(&stdout)?).stderr(File::create(&stderr)?);
        let mut child = command.spawn().with_context(|| format!("starting {program}"))?;
        let stdin = child.stdin.take();
        Ok(Self { child, stdin, stdout, stderr })
    }

    /// Writes to its standard input.
    pub fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        Ok(self.stdin.as_mut().context("its input is closed")?.write_all(bytes)?)
    }

    /// Ends its standard input.
    pub fn close_input(&mut self) {
        self.stdin = None;
    }

    /// What it wrote to standard output so far.
    pub fn stdout(&self) -> String {
        fs::read(&self.stdout).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// What it wrote to standard error so far.
    pub fn stderr(&self) -> String {
        fs::read(&self.stderr).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let flag = match signal {
            Signal::Term => "-TERM",
            Signal::Stop => "-STOP",
            Signal::Cont => "-CONT",
        };
        let status = Command::new("kill").args([flag, &self.child.id().to_string()]).status()?;
        ensure!(status.success(), "kill {flag} failed");
        Ok(())
    }

    /// SIGKILL, and waits until it is gone.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        injected(1);
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Waits for its end.
    pub async fn wait(&mut self, limit: Duration) -> anyhow::Result<ExitStatus> {
        until("the end of a process", limit, async || {
            Ok(self.child.try_wait()?.ok_or_else(|| "still running".to_owned()))
        })
        .await
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Err: it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
