//! The scraped samples in the format of promtool.

use std::{collections::BTreeMap, fmt::Write as _, fs};

use anyhow::ensure;
use support::{Query, Sample, alerts, dashboards, rules};

use super::{EXPECTED, SCALE, STATE, STEP};

/// Every series at every step; `None` where it was not there.
pub(super) type History = BTreeMap<String, Vec<Option<f64>>>;

pub(super) fn history(scrapes: &[Vec<Sample>]) -> History {
    let mut history = History::new();
    for (at, scrape) in scrapes.iter().enumerate() {
        for sample in scrape {
            let series = sample.selector(&[("job", "onboarding"), ("instance", "worker:9464")]);
            history.entry(series).or_insert_with(|| vec![None; scrapes.len()])[at] = Some(sample.value);
        }
    }
    history
}

/// The recorded scrapes as a test for promtool: which alerts fire at a step, and which do not at any; and that each
/// panel of Grafana with the breaker in it says "open" just then.
pub(super) fn replay(history: &History, steps: usize, firing: &[usize]) -> anyhow::Result<String> {
    let seconds = STEP.as_secs_f64() * f64::from(SCALE);
    let alerts: Vec<String> = alerts()?.into_iter().map(|query| query.place).collect();
    let (panels, open) = (panels()?, open(history));
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
        let open = i32::from(open.get(step) == Some(&true));
        for Query { expression, .. } in &panels {
            writeln!(text, "      - expr: 'max({expression}) == bool 2'\n        eval_time: {at}s")?;
            writeln!(text, "        exp_samples: [{{labels: '{{}}', value: {open}}}]")?;
        }
    }
    Ok(text)
}

/// The panels that show the breaker.
fn panels() -> anyhow::Result<Vec<Query>> {
    let panels: Vec<Query> = dashboards()?.into_iter().filter(|q| q.metrics().contains(STATE)).collect();
    ensure!(panels.len() >= 2, "{panels:?}");
    Ok(panels)
}

/// At which steps the account's breaker is open.
fn open(history: &History) -> Vec<bool> {
    let states = history.iter().filter(|(series, _)| series.starts_with(STATE) && series.contains("account"));
    states.flat_map(|(_, values)| values.iter().map(|v| *v == Some(2.0))).collect()
}

/// The steps at which the breaker has been open for the 30 s that the alert waits for, and still is.
pub(super) fn steps_of_alarm(history: &History) -> Vec<usize> {
    let waited = 30.0 / (STEP.as_secs_f64() * f64::from(SCALE));
    let mut since = 0.0;
    let mut steps = Vec::new();
    for (step, open) in open(history).into_iter().enumerate() {
        since = if open { since + 1.0 } else { 0.0 };
        if since > waited {
            steps.push(step);
        }
    }
    steps
}
