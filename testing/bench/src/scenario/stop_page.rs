//! Live signups with and without people on the stop page.

use std::time::Duration;

use anyhow::{Context as _, ensure};

use super::{latency::Signups, requests};
use crate::{
    process::Process,
    program::program,
    report::Row,
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

    let mut signups = Signups::of(&stage, &simulator);
    signups.measure(BEFOREHAND, "beforehand").await?;
    let codes: Vec<String> = sqlx::query_scalar("SELECT code FROM stop_links").fetch_all(&stage.pool).await?;
    ensure!(codes.len() == signups.so_far(), "{} codes of {} numbers", codes.len(), signups.so_far());

    let alone = signups.measure(sizes.seconds, "alone").await?;
    let client = requests::client()?;
    let visits = requests::send(VISITS, Duration::from_secs(u64::from(sizes.seconds)), |n| {
        let url = format!("{base}{}", codes[n % codes.len()]);
        if n.is_multiple_of(2) {
            (client.get(url), 200)
        } else {
            (client.post(url).form(&[("act", "stop")]), 303)
        }
    });
    let (beside, visits) = tokio::try_join!(signups.measure(sizes.seconds, "beside the stop page"), visits)?;
    worker.stop().await?;
    let mut page = visits.row("stop page meanwhile");
    page.note = format!("half of them stop messages; {}", page.note);
    Ok(vec![alone, beside, page])
}
