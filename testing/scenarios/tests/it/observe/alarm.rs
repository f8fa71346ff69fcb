//! Twilio refuses the token for a minute: exactly one alert fires, and dashboard and Grafana show why.

mod replay;

use std::{
    collections::BTreeMap,
    fs,
    time::{Duration, Instant},
};

use anyhow::ensure;
use support::{Expect, PATIENCE, Prometheus, Sample, TestEnv, full, number, promtool, samples};
use tempfile::TempDir;

use crate::dashboard::{self, Browser};
use replay::{history, replay, steps_of_alarm};

const EXPECTED: &str = "OnboardingBreakerOpen";
const STATE: &str = "onboarding_circuit_state";
/// What took 6 s is replayed as a minute.
const SCALE: u32 = 10;
/// A minute, as it is replayed.
const MINUTE: usize = 12;
const STEP: Duration = Duration::from_millis(500);
/// Before and after the fault.
const CALM: usize = 6;

async fn signup_of(test: &TestEnv, n: &mut u32) -> anyhow::Result<()> {
    *n += 1;
    test.signup(&format!("u{n}"), &number(*n)).await
}

/// Scrapes at every step, with a signup each, `least` times and until `enough`.
async fn record(
    test: &TestEnv,
    users: &mut u32,
    scrapes: &mut Vec<Vec<Sample>>,
    least: usize,
    enough: impl Fn(&[Vec<Sample>]) -> bool,
) -> anyhow::Result<()> {
    let began = Instant::now();
    let mut step = tokio::time::interval(STEP);
    let from = scrapes.len();
    while scrapes.len() < from + least || !enough(&scrapes[from..]) {
        ensure!(began.elapsed() < PATIENCE, "{} scrapes, and not enough", scrapes.len() - from);
        step.tick().await;
        signup_of(test, users).await?;
        scrapes.push(samples(&test.workers[0].probe("metrics").await?.1)?);
    }
    Ok(())
}

/// At how many of the last steps in a row the breaker was open, or was closed.
fn lately(scrapes: &[Vec<Sample>], open: bool) -> usize {
    let state = |scrape: &Vec<Sample>| {
        let mut samples = scrape.iter().filter(|s| s.name == STATE);
        samples.any(|s| s.labels.get("scope").is_some_and(|l| l == "account") && (s.value > 1.5) == open)
    };
    scrapes.iter().rev().take_while(|scrape| state(scrape)).count()
}

/// Waits until the page shows the breaker with these words.
async fn shows(browser: &mut Browser, words: &[&str]) -> anyhow::Result<()> {
    let began = Instant::now();
    loop {
        let page = browser.get("/?lang=en").await?;
        let tile =
            page.body.split("Circuit breaker</h2>").nth(1).and_then(|rest| rest.split("</div>").next());
        if tile.is_some_and(|tile| words.iter().all(|word| tile.contains(word))) {
            return Ok(());
        }
        ensure!(began.elapsed() < PATIENCE, "{words:?} is not in {tile:?}");
        tokio::time::sleep(STEP).await;
    }
}

const OPEN: [&str; 2] = [">Open<", "account or sender at fault"];

#[tokio::test(flavor = "multi_thread")]
async fn a_token_revoked_for_a_minute_fires_exactly_the_alert_of_the_breaker() -> anyhow::Result<()> {
    let test = dashboard::test_env(TestEnv::builder().env("BREAKER_PROBE", "500ms..1s")).await?;
    let mut maya = dashboard::signed_in(&test, "maya").await?;
    let (mut scrapes, mut users) = (Vec::new(), 0);
    record(&test, &mut users, &mut scrapes, CALM, |_| true).await?;
    shows(&mut maya, &[">Closed<"]).await?;
    test.simulator.revoke(true).await?;
    record(&test, &mut users, &mut scrapes, MINUTE, |seen| lately(seen, true) > CALM + 2).await?;
    shows(&mut maya, &OPEN).await?;
    test.simulator.revoke(false).await?;
    test.until_final(users as usize).await?;
    record(&test, &mut users, &mut scrapes, CALM, |seen| lately(seen, false) >= CALM).await?;
    shows(&mut maya, &[">Closed<"]).await?;
    let history = history(&scrapes);
    let firing = steps_of_alarm(&history);
    println!("{} scrapes, {} series, the alert fires at {firing:?}", scrapes.len(), history.len());
    ensure!(
        !firing.is_empty() && firing.last() < Some(&(scrapes.len() - 1)),
        "it fires, and ends: {firing:?}"
    );
    let folder = TempDir::new()?;
    let file = folder.path().join("replay.yml");
    fs::write(&file, replay(&history, scrapes.len(), &firing)?)?;
    promtool(&["test", "rules", &file.display().to_string()], "")?;
    test.finish(Expect::users(users as usize)).await
}

/// The same with a real Prometheus and a whole minute: with `FAULTS=full`.
#[tokio::test(flavor = "multi_thread")]
async fn a_real_prometheus_sees_the_same_within_a_real_minute() -> anyhow::Result<()> {
    if !full() {
        return Ok(());
    }
    let test = TestEnv::builder().env("BREAKER_PROBE", "5s..20s").with_worker().await?;
    let targets = [("onboarding", test.workers[0].ops())];
    let Some(prometheus) = Prometheus::start(&targets, Duration::from_secs(2)).await? else { return Ok(()) };
    let (mut users, mut fired) = (0, BTreeMap::new());
    for second in 0..150_u32 {
        if second == 20 || second == 80 {
            test.simulator.revoke(second == 20).await?;
        }
        signup_of(&test, &mut users).await?;
        for name in prometheus.firing().await? {
            *fired.entry(name).or_insert(0) += 1;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    println!("{fired:?}");
    assert_eq!(fired.keys().collect::<Vec<_>>(), [EXPECTED]);
    assert!(prometheus.firing().await?.is_empty(), "it ends");
    test.finish(Expect::users(users as usize)).await
}
