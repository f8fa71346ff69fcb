//! Finds the binaries that cargo built.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};

/// The path of `name`, built beside this program.
pub(crate) fn program(name: &str) -> anyhow::Result<PathBuf> {
    let me = std::env::current_exe().context("the path of this program")?;
    let path = me.parent().context("its folder")?.join(name);
    ensure!(
        path.is_file(),
        "{} is missing: start this through `./dev bench`, which builds it",
        path.display()
    );
    Ok(path)
}
