//! Finds the binaries that cargo built.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

use crate::release;

/// The path of `name`, built beside this test (`target/<profile>/`).
pub fn binary(name: &str) -> anyhow::Result<PathBuf> {
    if name == release::FIRST_WORKER {
        return release::first_worker().context("FAULTS_OLD_WORKER is not set");
    }
    let test = test()?;
    let path = folder(&test)?.join(name);
    ensure!(
        path.is_file(),
        "{} is missing: run `cargo build -p worker -p producer -p twilio-sim`",
        path.display()
    );
    Ok(path)
}

/// The worker with failpoints, in a folder of its own so that it can never be taken for the real one.
pub(crate) fn worker_with_failpoints() -> anyhow::Result<PathBuf> {
    let test = test()?;
    let target = folder(&test)?.parent().context("the target folder")?;
    let path = target.join("failpoints/worker");
    ensure!(
        path.is_file(),
        "{} is missing: `./dev faults` compiles it, or `build_failpoints` in deploy/dev/faults.sh",
        path.display()
    );
    Ok(path)
}

fn test() -> anyhow::Result<PathBuf> {
    std::env::current_exe().context("the path of this test")
}

/// The test itself lies in `deps/`.
fn folder(test: &Path) -> anyhow::Result<&Path> {
    test.parent().and_then(Path::parent).context("the target folder")
}
