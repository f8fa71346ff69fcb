//! The sample portal is imported and no worker runs. A canary stops its run, which continues once a worker runs.

use anyhow::ensure;
use support::TestEnv;

use super::portal;

pub(super) async fn set() -> anyhow::Result<(TestEnv, Option<TestEnv>)> {
    let (mut ours, portal) = portal::set(TestEnv::builder().build().await?).await?;
    let (code, said) = ours.program("import", &["portal"]).await?;
    ensure!(code == 0, "{said}");
    Ok((ours, portal))
}

pub(super) async fn before(test: &mut TestEnv, name: &str) -> anyhow::Result<()> {
    if name == "resume" { test.start_worker().await } else { Ok(()) }
}
