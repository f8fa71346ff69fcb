//! The sample portal, imported, and nobody who sends: a canary stops its run, which goes on once a worker runs.

use anyhow::ensure;
use support::{Plan, Stage};

use super::portal;

pub(super) async fn set() -> anyhow::Result<(Stage, Option<Stage>)> {
    let (mut ours, portal) = portal::set(Plan::default().build().await?).await?;
    let (code, said) = ours.program("import", &["portal"]).await?;
    ensure!(code == 0, "{said}");
    Ok((ours, portal))
}

pub(super) async fn before(stage: &mut Stage, name: &str) -> anyhow::Result<()> {
    if name == "resume" { stage.start_worker().await } else { Ok(()) }
}
