//! The dashboard, over HTTP, with the real binary.

mod acts;
mod browser;
mod door;
mod masks;

use anyhow::{Context as _, ensure};
pub(crate) use browser::Browser;
use support::{Plan, Stage};

const PASSWORD: &str = "a long enough password";

/// A stage whose worker has a dashboard, with an operator `maya` and a viewer `ram`.
pub(crate) async fn stage(plan: Plan) -> anyhow::Result<Stage> {
    let mut stage = plan.build().await?;
    let mut lines = String::new();
    for (name, role) in [("maya", "operator"), ("ram", "viewer")] {
        let (code, line) = stage.command_with_input(&["admin-hash", name, "--role", role], PASSWORD).await?;
        ensure!(code == 0, "{line}");
        lines.push_str(&line);
    }
    let file = std::env::temp_dir().join(format!("admin-users-{}", uuid::Uuid::now_v7()));
    std::fs::write(&file, lines)?;
    stage.env.insert("ADMIN_ADDR".to_owned(), "127.0.0.1:0".to_owned());
    stage.env.insert("ADMIN_USERS_FILE".to_owned(), file.display().to_string());
    stage.start_worker().await?;
    std::fs::remove_file(file)?;
    Ok(stage)
}

/// A browser that is not signed in.
fn stranger(stage: &Stage) -> anyhow::Result<Browser> {
    let address = stage.workers.last().and_then(support::Worker::admin).context("a dashboard")?;
    Browser::new(address)
}

/// A browser in which `name` is signed in.
pub(crate) async fn signed_in(stage: &Stage, name: &str) -> anyhow::Result<Browser> {
    let mut browser = stranger(stage)?;
    let page = browser.sign_in(name, PASSWORD).await?;
    ensure!(page.status == 303 && page.header("location") == "/", "{page:?}");
    Ok(browser)
}
