//! One scenario's world.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use shared::lane::QueueLane;
use tempfile::TempDir;

mod builder;
mod checker;
mod programs;
mod settings;

use crate::{
    Broker, Database, EventBody, Outcome, PATIENCE, Process, Proxies, Release, Simulator, Worker, injected,
    measured::{Measured, Source},
    progress::until_none,
    report,
    room::Room,
    signature, until,
};

pub use builder::TestEnvBuilder;
pub use checker::Expect;

/// Database, broker names, simulator, proxies and workers of one scenario. Dropping it removes all of them; the
/// logs stay where a scenario failed, or where `FAULTS_KEEP` is set.
pub struct TestEnv {
    pub(crate) folder: Option<TempDir>,
    /// Its database.
    pub database: Database,
    /// Its names on the broker.
    pub broker: Broker,
    /// Its Twilio.
    pub simulator: Simulator,
    /// The proxies before them.
    pub proxies: Proxies,
    /// What the workers are started with.
    pub env: BTreeMap<String, String>,
    /// The workers that run.
    pub workers: Vec<Worker>,
    pub(crate) started: usize,
    pub(crate) began: Instant,
    /// As many users as the scenario has waited for.
    pub(crate) signups: AtomicUsize,
    /// Where its row of the fault table goes.
    pub report: Option<PathBuf>,
    /// The row is written.
    pub(crate) reported: bool,
    pub(crate) _room: Room,
}

impl TestEnv {
    /// A builder with the ordinary settings.
    pub fn builder() -> TestEnvBuilder {
        TestEnvBuilder::default()
    }

    /// Starts one more worker and waits until it is ready.
    pub async fn start_worker(&mut self) -> anyhow::Result<()> {
        self.launch_worker().await?.until_ready(200).await?;
        Ok(())
    }

    /// Starts one more worker and waits only until it listens.
    pub async fn launch_worker(&mut self) -> anyhow::Result<&Worker> {
        self.launch_worker_of(Release::Current).await
    }

    /// Starts one more worker of this release and waits only until it listens.
    pub async fn launch_worker_of(&mut self, release: Release) -> anyhow::Result<&Worker> {
        self.started += 1;
        let name = format!("worker-{}", self.started);
        let worker = Worker::start(release, &name, &self.env, self.folder()?).await?;
        self.workers.push(worker);
        self.route_callbacks();
        self.workers.last().context("a worker")
    }

    /// Runs a command of a worker to its end.
    pub async fn command(&mut self, args: &[&str]) -> anyhow::Result<(i32, String)> {
        self.program("worker", args).await
    }

    /// Runs a program with a worker's environment to its end; returns exit code and output.
    pub async fn program(&mut self, program: &str, args: &[&str]) -> anyhow::Result<(i32, String)> {
        self.started += 1;
        let name = format!("command-{}", self.started);
        let mut process = Process::start(program, &name, args, &self.env, self.folder()?)?;
        let code = process.wait(PATIENCE).await?.code().context("ended by a signal")?;
        Ok((code, process.stdout() + &process.stderr()))
    }

    /// Kills the `n`th worker.
    pub fn kill_worker(&mut self, n: usize) -> anyhow::Result<()> {
        let worker = self.workers.remove(n);
        self.route_callbacks();
        worker.kill()
    }

    /// Tells the `n`th worker to end and waits until it has, with exit code 0.
    pub async fn stop_worker(&mut self, n: usize) -> anyhow::Result<()> {
        self.workers.remove(n).stop().await?;
        self.route_callbacks();
        Ok(())
    }

    /// Runs a command of a worker to its end, with this standard input.
    pub async fn command_with_input(&mut self, args: &[&str], input: &str) -> anyhow::Result<(i32, String)> {
        self.started += 1;
        let name = format!("command-{}", self.started);
        let mut process = Process::start_open("worker", &name, args, &self.env, self.folder()?)?;
        process.write(input.as_bytes())?;
        process.close_input();
        let code = process.wait(PATIENCE).await?.code().context("ended by a signal")?;
        Ok((code, process.stdout() + &process.stderr()))
    }

    /// Publishes one signup.
    pub async fn signup(&self, user: &str, phone: &str) -> anyhow::Result<()> {
        self.broker.publish(QueueLane::Live, &EventBody::signup(user, phone).bytes()).await
    }

    /// Sends a status callback as Twilio does, with a good signature; returns the HTTP status. `query` is the part of
    /// the callback's URL from the question mark on.
    pub async fn callback(&self, query: &str, form: &str) -> anyhow::Result<u16> {
        let url = format!("{}/twilio/status{query}", self.env["PUBLIC_URL"]);
        let form = format!("{form}&AccountSid={}", self.env["TWILIO_ACCOUNT_SID"]);
        let signature = signature(&self.env["TWILIO_AUTH_TOKEN"], &url, form.as_bytes());
        let request = reqwest::Client::builder().no_proxy().build()?.post(&url).body(form);
        let request = request.header("x-twilio-signature", signature);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        Ok(request.send().await?.status().as_u16())
    }

    /// Waits until every worker is ready; returns how long that took.
    pub async fn until_all_ready(&self) -> anyhow::Result<Duration> {
        let began = Instant::now();
        for worker in &self.workers {
            worker.until_ready(200).await?;
        }
        Ok(began.elapsed())
    }

    /// Waits until the simulator was asked `asked` times.
    pub async fn until_asked(&self, asked: u32) -> anyhow::Result<()> {
        until(&format!("{asked} calls"), PATIENCE, async || {
            let now = self.simulator.totals().await?.asked_in_all();
            Ok(if now >= asked { Ok(()) } else { Err(now.to_string()) })
        })
        .await
    }

    /// Waits until Twilio has accepted `accepted` messages.
    pub async fn until_accepted(&self, accepted: u64) -> anyhow::Result<()> {
        until(&format!("{accepted} messages"), PATIENCE, async || {
            let now = self.simulator.totals().await?.accepted;
            Ok(if now >= accepted { Ok(()) } else { Err(now.to_string()) })
        })
        .await
    }

    /// Waits for the next message that Twilio accepts and notes for the fault table how long it took: an outage
    /// ended just now.
    pub async fn until_resumed(&self) -> anyhow::Result<Duration> {
        let (ended, before) = (Instant::now(), self.simulator.totals().await?.accepted);
        self.until_accepted(before + 1).await?;
        let after = ended.elapsed();
        report::resumed(after);
        Ok(after)
    }

    /// Waits until this user is as described by [`Outcome::case`].
    pub async fn until_case(&self, user: &str, case: &str) -> anyhow::Result<Outcome> {
        until(&format!("user {user} is {case:?}"), PATIENCE, async || {
            let outcome = self.database.outcome(user).await?;
            Ok(match outcome {
                Some(found) if found.case() == case => Ok(found),
                other => Err(format!("{other:?}")),
            })
        })
        .await
    }

    /// Waits until `users` users have a final state and no other user is waiting.
    pub async fn until_final(&self, users: usize) -> anyhow::Result<()> {
        self.until_final_but(users, &[]).await
    }

    /// The same, but the users in `waiting` do not need a final state.
    pub async fn until_final_but(&self, users: usize, waiting: &[&str]) -> anyhow::Result<()> {
        self.signups.fetch_max(users, Ordering::Relaxed);
        until_none(&format!("{users} users have a final state"), async || {
            let (all, open) = self.database.progress(waiting).await?;
            Ok((users.abs_diff(all) + open, format!("{all} users, {open} of them open")))
        })
        .await
    }

    /// Waits until no message is in any queue or in a worker's hands.
    pub async fn until_drained(&self) -> anyhow::Result<()> {
        self.until_left(0).await
    }

    /// The same, but `explained` messages may be left in the queues.
    pub(crate) async fn until_left(&self, explained: u32) -> anyhow::Result<()> {
        let mut quiet = 0;
        until("the queues are empty", PATIENCE, async || {
            let ready = self.broker.ready().await?;
            let mut in_hand = 0.0;
            for worker in &self.workers {
                in_hand += worker.metric("onboarding_events_in_flight", "").await?;
            }
            // Twice, for a delivery may have been on its way from the one to the other.
            quiet = if ready <= explained && in_hand == 0.0 { quiet + 1 } else { 0 };
            Ok(if quiet == 2 { Ok(()) } else { Err(format!("{ready} ready, {in_hand} in hand")) })
        })
        .await
    }

    /// Waits for the final state of every user, stops the workers and checks the rules for every scenario.
    pub async fn finish(mut self, expect: Expect) -> anyhow::Result<()> {
        checker::run(&mut self, &expect).await?;
        if std::env::var_os("FAULTS_KEEP").is_none()
            && let Some(folder) = self.folder.take()
        {
            folder.close()?;
        }
        Ok(())
    }

    /// Ends a test environment on which nothing was to be checked; no logs are kept.
    pub fn close(mut self) -> anyhow::Result<()> {
        self.workers.clear();
        self.folder.take().map_or(Ok(()), |folder| Ok(folder.close()?))
    }

    /// Where the logs of its processes are.
    pub fn folder(&self) -> anyhow::Result<&Path> {
        Ok(self.folder.as_ref().context("the scenario is over")?.path())
    }

    /// Where the scenario's counts come from, and what only this thread knows.
    pub(crate) fn source(&self) -> Source {
        Source {
            database_url: self.database.url().to_owned(),
            simulator_url: self.simulator.url().to_owned(),
            scenario: report::scenario(),
            faults: injected::count(),
            resumed: report::noted_resumption(),
            took: self.began.elapsed(),
        }
    }

    fn route_callbacks(&self) {
        self.proxies.webhook.set_targets(self.workers.iter().filter_map(Worker::webhook).collect());
    }
}

impl Drop for TestEnv {
    fn drop(&mut self) {
        self.workers.clear();
        // A scenario that failed before its end still has its row.
        let unreported = (self.folder.is_some() && !self.reported).then(|| self.source());
        let (signups, report) = (self.signups.load(Ordering::Relaxed), self.report.take());
        if let Some(folder) = self.folder.take() {
            eprintln!("the logs of this scenario are kept in {}", folder.keep().display());
        }
        let name = self.database.name().to_owned();
        let (database, broker) = (self.database.server().clone(), self.broker.server().clone());
        // A thread of its own: the runtime of the test cannot be waited for here.
        let cleaning = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                if let Some(source) = unreported {
                    let _ =
                        tokio::time::timeout(PATIENCE, report_failure(source, signups, report.as_deref()))
                            .await;
                }
                Database::drop(&database, &name).await?;
                Broker::delete(broker, &name).await
            })
        });
        match cleaning.join() {
            Ok(Ok(())) => {}
            Ok(Err(error)) => eprintln!("something is left behind: {error:#}"),
            Err(_) => eprintln!("something is left behind"),
        }
    }
}

async fn report_failure(source: Source, signups: usize, report: Option<&Path>) {
    let measured = match Measured::take(&source, signups, &[], 0).await {
        Ok(measured) => measured,
        Err(error) => return eprintln!("the scenario cannot be measured: {error:#}"),
    };
    if let Err(error) = report::append(report, &measured.line(source, signups)) {
        eprintln!("the scenario's row cannot be written: {error:#}");
    }
}
