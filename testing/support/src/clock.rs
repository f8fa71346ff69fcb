//! Workers whose clock is wrong.

use std::path::{Path, PathBuf};

use crate::{TestEnv, Worker, skip};

/// Where Debian and its like put the library, below the folder of each architecture.
const LIBRARY: &str = "faketime/libfaketime.so.1";

/// A wall clock that runs ahead. Durations are not changed.
#[derive(Debug)]
pub struct FastClock([(&'static str, String); 3]);

impl FastClock {
    /// A clock `seconds` ahead. `None` if libfaketime is not installed; the scenario is then reported as skipped.
    pub fn ahead(seconds: u32) -> anyhow::Result<Option<Self>> {
        let Some(library) = library() else {
            skip("libfaketime is not installed")?;
            return Ok(None);
        };
        Ok(Some(Self([
            ("LD_PRELOAD", library.display().to_string()),
            ("FAKETIME", format!("+{seconds}s")),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ])))
    }
}

impl TestEnv {
    /// Starts one more worker, with this clock, and waits until it listens.
    pub async fn launch_worker_with(&mut self, clock: &FastClock) -> anyhow::Result<&Worker> {
        let sound = self.env.clone();
        self.env.extend(clock.0.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        let launched = self.launch_worker().await.map(|_| ());
        self.env = sound;
        launched?;
        Ok(&self.workers[self.workers.len() - 1])
    }
}

fn library() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?;
    let mut found = folders.flatten().map(|folder| folder.path().join(LIBRARY));
    found.find(|path: &PathBuf| Path::is_file(path))
}
