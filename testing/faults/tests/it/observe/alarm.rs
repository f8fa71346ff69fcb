//! Twilio refuses the token for a minute: exactly one alert fires.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    time::{Duration, Instant},
};

use anyhow::ensure;
use faults::{
    Expect, PATIENCE, Plan, Prometheus, Sample, Stage, alerts, full, number, promtool, rules, samples,
};
use tempfile::TempDir;

const EXPECTED: &str = "OnboardingBreakerOpen";
/// What took 6 s is replayed as a minute.
const SCALE: u32 = 10;
/// A minute, as it is replayed.
const MINUTE: usize = 12;
const STEP: Duration = Duration::from_millis(500);
/// Before and after the fault.
const CALM: usize = 6;

/// Every series at every step; `None` where it was not there.
type History = BTreeMap<String, Vec<Option<f64>>>;

async fn signup_of(stage: &Stage, n: &mut u32) -> anyhow::Result<()> {
    *n += 1;
    stage.signup(&format!("u{n}"), &number(*n)).await
}

/// Scrapes at every step, with a signup each, `least` times and until `enough`.
async fn record(
    stage: &Stage,
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
        signup_of(stage, users).await?;
        scrapes.push(samples(&stage.workers[0].probe("metrics").await?.1)?);
    }
    Ok(())
}

/// At how many of the last steps in a row the breaker was open, or was closed.
fn lately(scrapes: &[Vec<Sample>], open: bool) -> usize {
    let state = |scrape: &Vec<Sample>| {
        let mut samples = scrape.iter().filter(|s| s.name == "onboarding_circuit_state");
        samples.any(|s| s.labels.get("scope").is_some_and(|l| l == "account") && (s.value > 1.5) == open)
    };
    scrapes.iter().rev().take_while(|scrape| state(scrape)).count()
}

fn history(scrapes: &[Vec<Sample>]) -> History {
    let mut history = History::new();
    for (at, scrape) in scrapes.iter().enumerate() {
        for sample in scrape {
            let series = sample.selector(&[("job", "onboarding"), ("instance", "worker:9464")]);
            history.entry(series).or_insert_with(|| vec![None; scrapes.len()])[at] = Some(sample.value);
        }
    }
    history
}

/// The recorded scrapes as a test for promtool: which alerts fire at a step, and which do not at any.
fn replay(history: &History, steps: usize, firing: &[usize]) -> anyhow::Result<String> {
    let seconds = STEP.as_secs_f64() * f64::from(SCALE);
    let alerts: Vec<String> = alerts()?.into_iter().map(|query| query.place).collect();
    let mut text = format!(
        "rule_files: [{}]\nevaluation_interval: {seconds}s\ntests:\n  - interval: {seconds}s\n    input_series:\n",
        fs::canonicalize(rules().join("alerts.yml"))?.display()
    );
    for (series, values) in history {
        let values: Vec<String> =
            values.iter().map(|v| v.map_or("_".to_owned(), |v| v.to_string())).collect();
        writeln!(text, "      - {{series: '{series}', values: '{}'}}", values.join(" "))?;
    }
    text.push_str("    promql_expr_test:\n");
    for step in 0..steps {
        let names = alerts.iter().filter(|name| *name != EXPECTED || !firing.contains(&step));
        let names: Vec<&str> = names.map(String::as_str).collect();
        let at = (f64::from(u32::try_from(step)?) * seconds).round();
        writeln!(
            text,
            "      - {{expr: 'count(ALERTS{{alertstate=\"firing\",alertname=~\"{}\"}})', eval_time: {at}s}}",
            names.join("|")
        )?;
        if firing.contains(&step) {
            let expression = format!("count(ALERTS{{alertstate=\"firing\",alertname=\"{EXPECTED}\"}})");
            writeln!(text, "      - expr: '{expression}'\n        eval_time: {at}s")?;
            text.push_str("        exp_samples: [{labels: '{}', value: 1}]\n");
        }
    }
    Ok(text)
}

/// The steps at which the breaker has been open for the 30 s that the alert waits for, and still is.
fn steps_of_alarm(history: &History) -> Vec<usize> {
    let waited = 30.0 / (STEP.as_secs_f64() * f64::from(SCALE));
    let open: Vec<bool> = history
        .iter()
        .filter(|(series, _)| series.starts_with("onboarding_circuit_state") && series.contains("account"))
        .flat_map(|(_, values)| values.iter().map(|v| *v == Some(2.0)))
        .collect();
    let mut since = 0.0;
    let mut steps = Vec::new();
    for (step, open) in open.into_iter().enumerate() {
        since = if open { since + 1.0 } else { 0.0 };
        if since > waited {
            steps.push(step);
        }
    }
    steps
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_revoked_for_a_minute_fires_exactly_the_alert_of_the_breaker() -> anyhow::Result<()> {
    let stage = Plan::default().env("BREAKER_PROBE", "500ms..1s").with_worker().await?;
    let (mut scrapes, mut users) = (Vec::new(), 0);
    record(&stage, &mut users, &mut scrapes, CALM, |_| true).await?;
    stage.simulator.revoke(true).await?;
    record(&stage, &mut users, &mut scrapes, MINUTE, |seen| lately(seen, true) > CALM + 2).await?;
    stage.simulator.revoke(false).await?;
    stage.until_final(users as usize).await?;
    record(&stage, &mut users, &mut scrapes, CALM, |seen| lately(seen, false) >= CALM).await?;
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
    stage.finish(Expect::users(users as usize)).await
}

/// The same with a real Prometheus and a whole minute: with `FAULTS=full`.
#[tokio::test(flavor = "multi_thread")]
async fn a_real_prometheus_sees_the_same_within_a_real_minute() -> anyhow::Result<()> {
    if !full() {
        return Ok(());
    }
    let stage = Plan::default().env("BREAKER_PROBE", "5s..20s").with_worker().await?;
    let targets = [("onboarding", stage.workers[0].ops())];
    let Some(prometheus) = Prometheus::start(&targets, Duration::from_secs(2)).await? else { return Ok(()) };
    let (mut users, mut fired) = (0, BTreeMap::new());
    for second in 0..150_u32 {
        if second == 20 || second == 80 {
            stage.simulator.revoke(second == 20).await?;
        }
        signup_of(&stage, &mut users).await?;
        for name in prometheus.firing().await? {
            *fired.entry(name).or_insert(0) += 1;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    println!("{fired:?}");
    assert_eq!(fired.keys().collect::<Vec<_>>(), [EXPECTED]);
    assert!(prometheus.firing().await?.is_empty(), "it ends");
    stage.finish(Expect::users(users as usize)).await
}
