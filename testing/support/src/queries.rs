//! Every query that is shipped: of the dashboards and of the alerts.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::Value;

use crate::promtool::rules;

/// One query and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Dashboard and panel, or the alert.
    pub place: String,
    /// In PromQL, with Grafana's variables as they stand.
    pub expression: String,
}

/// Of `deploy/grafana/dashboards`.
pub fn dashboards() -> anyhow::Result<Vec<Query>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/grafana/dashboards");
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let board: Value = serde_json::from_str(&fs::read_to_string(entry?.path())?)?;
        for panel in board["panels"].as_array().context("panels")? {
            for target in panel["targets"].as_array().into_iter().flatten() {
                let expression = target["expr"].as_str().context("expr")?.to_owned();
                found.push(Query { place: format!("{} / {}", board["title"], panel["title"]), expression });
            }
        }
    }
    Ok(found)
}

#[derive(Deserialize)]
struct Rules {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
struct Rule {
    alert: String,
    expr: String,
}

/// Of `deploy/prometheus/alerts.yml`.
pub fn alerts() -> anyhow::Result<Vec<Query>> {
    let rules: Rules = serde_saphyr::from_str(&fs::read_to_string(rules().join("alerts.yml"))?)?;
    let all = rules.groups.into_iter().flat_map(|group| group.rules);
    Ok(all.map(|rule| Query { place: rule.alert, expression: rule.expr }).collect())
}

impl Query {
    /// The metrics it asks for, by the prefixes of all that we scrape; a histogram's parts by their own names.
    pub fn metrics(&self) -> BTreeSet<&str> {
        let ours = |word: &&str| ["onboarding_", "process_", "rabbitmq_"].iter().any(|p| word.starts_with(p));
        let words = self.expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        words.filter(ours).collect()
    }

    /// With Grafana's variables replaced, for a Prometheus that has watched for some seconds only.
    pub fn shortened(&self) -> String {
        let text = self.expression.replace("$__rate_interval", "10s").replace("$__range", "1m");
        text.replace("[24h]", "[1m]")
    }
}
