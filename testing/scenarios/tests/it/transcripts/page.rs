//! The page with the transcripts.

use std::{fs, path::PathBuf};

use anyhow::Context as _;

use super::block::Block;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/admin.md");
/// Transcripts of a version with older spellings of options.
const OLD: &str = include_str!("old_transcripts.txt");
const MARKER: &str = "<!-- transcript: ";
const FENCE: &str = "```";

/// Whether to write the page again.
pub(super) fn writes() -> bool {
    std::env::var("TRANSCRIPTS").is_ok_and(|v| v == "write")
}

pub(super) struct Page {
    path: PathBuf,
    text: String,
    changed: bool,
}

impl Page {
    pub(super) fn read() -> anyhow::Result<Self> {
        let path = PathBuf::from(FILE);
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        Ok(Self { path, text, changed: false })
    }

    /// The older transcripts, which are never written.
    pub(super) fn old() -> Self {
        Self { path: PathBuf::new(), text: OLD.to_owned(), changed: false }
    }

    /// The marked blocks, in the order of the page.
    pub(super) fn blocks(&self) -> anyhow::Result<Vec<Block>> {
        let mut blocks = Vec::new();
        let mut lines = self.text.lines();
        while let Some(line) = lines.next() {
            let Some(marker) = line.trim().strip_prefix(MARKER) else { continue };
            let marker = marker.strip_suffix("-->").with_context(|| format!("{line} does not end"))?;
            let fence = lines.next().unwrap_or_default();
            anyhow::ensure!(fence.starts_with(FENCE), "no block follows {line}");
            let inner: Vec<&str> = lines.by_ref().take_while(|l| !l.starts_with(FENCE)).collect();
            blocks.push(Block::parse(marker, &inner)?);
        }
        Ok(blocks)
    }

    /// Puts what a block prints in the place of what it printed.
    pub(super) fn replace(&mut self, block: &Block, is: &str, was: &str) {
        let marker = format!("{MARKER}{}", block.name);
        let marked = self.text.match_indices(&marker).map(|(at, _)| at);
        let place = marked.into_iter().find_map(|at| Some(at + self.text.get(at..)?.find(was)?));
        if let Some(at) = place {
            self.text.replace_range(at..at + was.len(), is);
            self.changed = true;
        }
    }

    pub(super) fn write(&self) -> anyhow::Result<()> {
        if self.changed {
            fs::write(&self.path, &self.text)?;
        }
        Ok(())
    }
}
