//! Live signups with and without people on the stop page.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, ensure};
use tokio::time::{Instant, MissedTickBehavior};

use super::latency::{SIGNUPS, fill, signups, until_created};
use crate::{
    percentile::percentile,
    process::Process,
    program::program,
    report::{Row, per_second},
    services::Services,
    simulator::Simulator,
    sizes::Sizes,
    stage::Stage,
    worker::{self, Pace},
};

/// Requests a second to the page: every other one opens it, the others press the button that stops messages.
const VISITS: u32 = 100;
const PACE: Pace = Pace { concurrency: 512, rate: 0 };
/// Seconds of signups beforehand, whose codes are visited.
const BEFOREHAND: u32 = 10;

pub(super) async fn run(services: &Services, sizes: &Sizes) -> anyhow::Result<Vec<Row>> {
    let stage = Stage::open(services).await?;
    let simulator = Simulator::start(&[], stage.folder()).await?;
    let mut env = worker::environment(&stage, simulator.url(), PACE);
    env.insert("STOP_LINK_BASE".to_owned(), "http://a.np/s/".to_owned());
    env.insert("LINK_KEY".to_owned(), "00".repeat(32));
    let mut worker = Process::start(&program("worker")?, &["run"], &env, stage.folder())?;
    worker::until_consuming(&mut worker).await?;
    let base = format!(
        "http://{}/s/",
        worker::address(&worker.output(), "WEBHOOK_ADDR").context("no address of WEBHOOK_ADDR")?
    );

    let first = signups(&stage, 0, BEFOREHAND).await?.len();
    until_created(&simulator, first).await?;
    let codes: Vec<String> = sqlx::query_scalar("SELECT code FROM stop_links").fetch_all(&stage.pool).await?;
    ensure!(codes.len() == first, "{} codes of {first} numbers", codes.len());

    let alone = measure(&stage, &simulator, (first, sizes.seconds), "alone").await?;
    let visitors = Visitors { base, codes, answers: Arc::default(), failures: Arc::default() };
    let limit = Duration::from_secs(u64::from(sizes.seconds));
    let visiting = tokio::spawn(visitors.clone().visit(limit));
    let so_far = first + (sizes.seconds * SIGNUPS) as usize;
    let beside = measure(&stage, &simulator, (so_far, sizes.seconds), "beside the stop page").await?;
    let page = visitors.row(visiting.await??, limit);
    worker.stop().await?;
    Ok(vec![alone, beside, page])
}

async fn measure(
    stage: &Stage,
    simulator: &Simulator,
    (before, seconds): (usize, u32),
    what: &str,
) -> anyhow::Result<Row> {
    let published = signups(stage, u32::try_from(before)?, seconds).await?;
    let created = until_created(simulator, before + published.len()).await?;
    let mut row = Row::new(format!("{SIGNUPS} signups a second, {what}"));
    fill(&mut row, &published, &created);
    Ok(row)
}

/// People on the page.
#[derive(Clone)]
struct Visitors {
    base: String,
    codes: Vec<String>,
    answers: Arc<AtomicU32>,
    failures: Arc<AtomicU32>,
}

impl Visitors {
    /// Visits for so long, at a constant rate; returns the milliseconds that each answer took.
    async fn visit(self, limit: Duration) -> anyhow::Result<Vec<f64>> {
        let client =
            reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build()?;
        let mut every = tokio::time::interval(Duration::from_secs(1) / VISITS);
        every.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let (began, mut requests) = (Instant::now(), Vec::new());
        for code in self.codes.iter().cycle() {
            if began.elapsed() >= limit {
                break;
            }
            every.tick().await;
            let url = format!("{}{code}", self.base);
            let opens = requests.len() % 2 == 0;
            let request = if opens { client.get(&url) } else { client.post(&url).form(&[("act", "stop")]) };
            let visitors = self.clone();
            requests.push(tokio::spawn(async move {
                let asked = Instant::now();
                let answer = request.send().await.map(|answer| answer.status().as_u16()).unwrap_or_default();
                let good = answer == if opens { 200 } else { 303 };
                let counter = if good { &visitors.answers } else { &visitors.failures };
                counter.fetch_add(1, Ordering::Relaxed);
                asked.elapsed().as_secs_f64() * 1e3
            }));
        }
        let mut took = Vec::new();
        for request in requests {
            took.push(request.await?);
        }
        Ok(took)
    }

    fn row(&self, mut took: Vec<f64>, limit: Duration) -> Row {
        let (answers, failures) =
            (self.answers.load(Ordering::Relaxed), self.failures.load(Ordering::Relaxed));
        let mut row = Row::new("stop page meanwhile");
        row.per_second = Some(per_second(answers, limit));
        row.p50 = percentile(&mut took, 50.0);
        row.p99 = percentile(&mut took, 99.0);
        row.note = format!("half of them stop messages; {failures} failed");
        row
    }
}
