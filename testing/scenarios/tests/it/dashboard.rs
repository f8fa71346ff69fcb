//! The dashboard, over HTTP, with the real binary.

mod acts;
mod browser;
mod door;
mod inbox;
mod masks;
mod media;
mod person;
mod staff;

use anyhow::{Context as _, ensure};
pub(crate) use browser::Browser;
use support::{TestEnv, TestEnvBuilder};

const PASSWORD: &str = "a long enough password";

/// A test environment whose worker has a dashboard, with an operator `maya`, a viewer `ram`, and `asha` and `bina` of the
/// care team.
pub(crate) async fn test_env(plan: TestEnvBuilder) -> anyhow::Result<TestEnv> {
    let mut test = plan.build().await?;
    let (code, line) =
        test.command_with_input(&["admin-hash", "maya", "--role", "operator"], PASSWORD).await?;
    ensure!(code == 0, "{line}");
    // All have the same password: a hash takes a while.
    let others = ["ram:viewer", "asha:care", "bina:care"].map(|who| line.replace("maya:operator", who));
    let lines = line + &others.concat();
    let file = std::env::temp_dir().join(format!("admin-users-{}", uuid::Uuid::now_v7()));
    std::fs::write(&file, lines)?;
    test.env.insert("ADMIN_ADDR".to_owned(), "127.0.0.1:0".to_owned());
    test.env.insert("ADMIN_USERS_FILE".to_owned(), file.display().to_string());
    test.start_worker().await?;
    std::fs::remove_file(file)?;
    Ok(test)
}

/// A browser that is not signed in.
fn stranger(test: &TestEnv) -> anyhow::Result<Browser> {
    let address = test.workers.last().and_then(support::Worker::admin).context("a dashboard")?;
    Browser::new(address)
}

/// A browser in which `name` is signed in.
pub(crate) async fn signed_in(test: &TestEnv, name: &str) -> anyhow::Result<Browser> {
    let mut browser = stranger(test)?;
    let page = browser.sign_in(name, PASSWORD).await?;
    ensure!(page.status == 303 && page.header("location") == "/", "{page:?}");
    Ok(browser)
}
