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
        "{} is missing: run `cargo build --workspace --bins --features worker/failpoints`",
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
