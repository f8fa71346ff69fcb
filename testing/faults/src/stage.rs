//! One scenario's world.

use std::{collections::BTreeMap, time::Instant};

use anyhow::Context as _;
use shared::lane::Lane;
use tempfile::TempDir;
use uuid::Uuid;

use crate::{
    Broker, Database, EventBody, Expect, Outcome, PATIENCE, Process, Roads, Simulator, Worker, checker,
    settings::settings, until,
};

/// What a stage is built of, where it differs from the ordinary.
#[derive(Debug, Default)]
pub struct Plan {
    simulator: Vec<String>,
    env: Vec<(String, Option<String>)>,
    unmigrated: bool,
}

impl Plan {
    /// With one more argument of the simulator.
    #[must_use]
    pub fn simulator(mut self, args: &[&str]) -> Self {
        self.simulator.extend(args.iter().map(|a| (*a).to_owned()));
        self
    }

    /// With this variable for every worker.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), Some(value.to_owned())));
        self
    }

    /// Without this variable.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.env.push((name.to_owned(), None));
        self
    }

    /// With one sender instead of a Messaging Service, so that Twilio refuses at once.
    #[must_use]
    pub fn sender(self) -> Self {
        self.without("TWILIO_MESSAGING_SERVICE_SID").env("TWILIO_FROM", "+15005550006")
    }

    /// Without tables.
    #[must_use]
    pub fn unmigrated(mut self) -> Self {
        self.unmigrated = true;
        self
    }

    /// Builds it; no worker runs yet.
    pub async fn build(self) -> anyhow::Result<Stage> {
        let began = Instant::now();
        let name = format!("faults_{}", Uuid::now_v7().simple());
        let folder = TempDir::with_prefix("faults-")?;
        let broker = Broker::connect(&name).await.context("RabbitMQ")?;
        let database = Database::create(&name).await.context("Postgres")?;
        if !self.unmigrated {
            database.migrate().await?;
        }
        let args: Vec<&str> = self.simulator.iter().map(String::as_str).collect();
        let simulator = Simulator::start(&args, folder.path()).await?;
        let roads = Roads::build(database.url(), simulator.url()).await?;
        let mut env = settings(&database, &broker, &roads)?;
        for (name, value) in self.env {
            match value {
                Some(value) => env.insert(name, value),
                None => env.remove(&name),
            };
        }
        let workers = Vec::new();
        Ok(Stage {
            folder: Some(folder),
            database,
            broker,
            simulator,
            roads,
            env,
            workers,
            started: 0,
            began,
        })
    }

    /// Builds it and starts one worker.
    pub async fn with_worker(self) -> anyhow::Result<Stage> {
        let mut stage = self.build().await?;
        stage.start_worker().await?;
        Ok(stage)
    }
}

/// Database, broker names, simulator, relays and workers of one scenario. Dropping it removes all of them; the
/// logs stay where a scenario failed, or where `FAULTS_KEEP` is set.
pub struct Stage {
    folder: Option<TempDir>,
    /// Its database.
    pub database: Database,
    /// Its names on the broker.
    pub broker: Broker,
    /// Its Twilio.
    pub simulator: Simulator,
    /// The relays before them.
    pub roads: Roads,
    /// What the workers are started with.
    pub env: BTreeMap<String, String>,
    /// The workers that run.
    pub workers: Vec<Worker>,
    started: usize,
    pub(crate) began: Instant,
}

impl Stage {
    /// Starts one more worker and waits until it is ready.
    pub async fn start_worker(&mut self) -> anyhow::Result<()> {
        self.launch_worker().await?.until_ready(200).await?;
        Ok(())
    }

    /// Starts one more worker and waits only until it listens.
    pub async fn launch_worker(&mut self) -> anyhow::Result<&Worker> {
        self.started += 1;
        let name = format!("worker-{}", self.started);
        let worker = Worker::start(&name, &self.env, self.folder()?).await?;
        self.workers.push(worker);
        self.route_callbacks();
        self.workers.last().context("a worker")
    }

    /// Runs a command of a worker to its end.
    pub async fn command(&mut self, args: &[&str]) -> anyhow::Result<(i32, String)> {
        self.started += 1;
        let name = format!("command-{}", self.started);
        let mut process = Process::start("worker", &name, args, &self.env, self.folder()?)?;
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

    /// Publishes one signup.
    pub async fn signup(&self, user: &str, phone: &str) -> anyhow::Result<()> {
        self.broker.publish(Lane::Live, &EventBody::signup(user, phone).bytes()).await
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

    /// Waits until `users` users have a final state and nobody else is waiting.
    pub async fn until_final(&self, users: usize) -> anyhow::Result<()> {
        self.until_final_but(users, &[]).await
    }

    /// The same, but the users in `waiting` need none.
    pub async fn until_final_but(&self, users: usize, waiting: &[&str]) -> anyhow::Result<()> {
        until(&format!("{users} users have a final state"), 2 * PATIENCE, async || {
            let (all, open) = self.database.progress(waiting).await?;
            Ok(if open == 0 && all == users {
                Ok(())
            } else {
                Err(format!("{all} users, {open} of them open"))
            })
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

    /// Waits for everybody's final state, stops the workers and checks what holds after every scenario.
    pub async fn finish(mut self, expect: Expect) -> anyhow::Result<()> {
        checker::run(&mut self, &expect).await?;
        if std::env::var_os("FAULTS_KEEP").is_none()
            && let Some(folder) = self.folder.take()
        {
            folder.close()?;
        }
        Ok(())
    }

    fn folder(&self) -> anyhow::Result<&std::path::Path> {
        Ok(self.folder.as_ref().context("the scenario is over")?.path())
    }

    fn route_callbacks(&self) {
        self.roads.webhook.set_targets(self.workers.iter().filter_map(Worker::webhook).collect());
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.workers.clear();
        if let Some(folder) = self.folder.take() {
            eprintln!("the logs of this scenario are kept in {}", folder.keep().display());
        }
        let (name, broker) = (self.database.name().to_owned(), self.broker.namespace().to_owned());
        // A thread of its own: the runtime of the test cannot be waited for here.
        let cleaning = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                Database::drop(&name).await?;
                Broker::connect(&broker).await?.delete().await
            })
        });
        match cleaning.join() {
            Ok(Ok(())) => {}
            Ok(Err(error)) => eprintln!("something is left behind: {error:#}"),
            Err(_) => eprintln!("something is left behind"),
        }
    }
}
