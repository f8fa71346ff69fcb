//! Finds the binaries that cargo built.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};

/// The path of `name`, built beside this test (`target/<profile>/`).
pub fn binary(name: &str) -> anyhow::Result<PathBuf> {
    let test = std::env::current_exe().context("the path of this test")?;
    // The test itself lies in `deps/`.
    let profile = test.parent().and_then(|deps| deps.parent()).context("the target folder")?;
    let path = profile.join(name);
    ensure!(path.is_file(), "{} is missing: run `cargo build -p worker -p twilio-sim`", path.display());
    Ok(path)
}
