//! Servers of a scenario's own, to be stopped, killed and wiped: `deploy/dev/instance.sh` starts them.

use std::{
    ops::Deref,
    path::Path,
    process::{Command, Output, Stdio},
};

use anyhow::{Context as _, ensure};
use tempfile::TempDir;

use crate::skip;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/dev/instance.sh");
/// What `installed` ends with where the server's programs are missing.
const MISSING: i32 = 69;

/// One server in a folder of its own; dropping it kills it and removes the folder, and so does the
/// end of this process.
pub struct Instance {
    service: &'static str,
    folder: TempDir,
    url: String,
}

impl Instance {
    /// `None`: its programs are missing, and the scenario was named as skipped.
    async fn start(service: &'static str, settings: &[&str]) -> anyhow::Result<Option<Self>> {
        let installed = output(service, "installed", Path::new("/"), &[])?;
        if installed.status.code() == Some(MISSING) {
            skip(&format!("the programs of {service} are not installed"))?;
            return Ok(None);
        }
        let folder = TempDir::with_prefix(format!("faults-{service}-"))?;
        let mut instance = Self { service, folder, url: String::new() };
        instance.run("start", settings).await?.trim().clone_into(&mut instance.url);
        Ok(Some(instance))
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Stops it in an orderly way and disconnects its clients.
    pub async fn stop(&self) -> anyhow::Result<()> {
        self.run("stop", &[]).await?;
        Ok(())
    }

    /// SIGKILL to all its processes.
    pub async fn kill(&self) -> anyhow::Result<()> {
        self.run("kill", &[]).await?;
        Ok(())
    }

    /// Starts it again after [`Instance::stop`] or [`Instance::kill`], on the same port.
    pub async fn start_again(&self) -> anyhow::Result<()> {
        let url = self.run("start", &[]).await?;
        ensure!(url.trim() == self.url, "the port of {} was taken meanwhile", self.service);
        Ok(())
    }

    /// Runs one action of the script; returns what it printed.
    async fn run(&self, action: &'static str, args: &[&str]) -> anyhow::Result<String> {
        let (service, folder) = (self.service, self.folder.path().to_owned());
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        let output = tokio::task::spawn_blocking(move || output(service, action, &folder, &args)).await??;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{action} of {service} failed: {said}");
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        match output(self.service, "kill", self.folder.path(), &[]) {
            Ok(output) if output.status.success() => {}
            Ok(output) => eprintln!("{} is left: {}", self.service, String::from_utf8_lossy(&output.stderr)),
            Err(error) => eprintln!("{} is left: {error:#}", self.service),
        }
    }
}

fn output(service: &str, action: &str, folder: &Path, args: &[String]) -> anyhow::Result<Output> {
    let mut command = Command::new(SCRIPT);
    command.args([service, action]).arg(folder).args(args).stdin(Stdio::null());
    command.env("INSTANCE_OWNER", std::process::id().to_string());
    command.output().with_context(|| format!("starting {SCRIPT}"))
}

/// A RabbitMQ of one scenario.
pub struct PrivateBroker(Instance);

impl PrivateBroker {
    /// Starts one with these lines of rabbitmq.conf. `None`: RabbitMQ is not installed, and the scenario was
    /// named as skipped.
    pub async fn start(settings: &[&str]) -> anyhow::Result<Option<Self>> {
        Ok(Instance::start("rabbitmq", settings).await?.map(Self))
    }

    /// Deletes everything it ever stored; it must not run.
    pub async fn wipe(&self) -> anyhow::Result<()> {
        self.run("wipe", &[]).await?;
        Ok(())
    }

    /// `rabbitmqctl` with these arguments.
    pub async fn ctl(&self, args: &[&str]) -> anyhow::Result<String> {
        self.run("ctl", args).await
    }
}

/// A Postgres of one scenario.
pub struct PrivatePostgres(Instance);

impl PrivatePostgres {
    /// Starts one. `None`: Postgres is not installed, and the scenario was named as skipped.
    pub async fn start() -> anyhow::Result<Option<Self>> {
        Ok(Instance::start("postgres", &[]).await?.map(Self))
    }
}

impl Deref for PrivateBroker {
    type Target = Instance;

    fn deref(&self) -> &Instance {
        &self.0
    }
}

impl Deref for PrivatePostgres {
    type Target = Instance;

    fn deref(&self) -> &Instance {
        &self.0
    }
}
