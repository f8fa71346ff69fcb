//! The terminal transcripts of docs/admin.md are what the commands print. A block is one that a comment precedes:
//!
//! `<!-- transcript: NAME -->`, or `<!-- transcript: NAME exit=78 -->` where the last command ends so.
//!
//! `TRANSCRIPTS=write` writes them again; lines that a block leaves out with `…` stay out. What must vary (times,
//! ids, durations, versions) is compared by its form. A new name needs its line in `scenes.rs`.

mod block;
mod form;
mod page;
mod scenes;
mod shell;

use anyhow::ensure;
use block::{Block, Outcome};
use page::Page;
use scenes::Scene;

/// Options that were renamed keep their meaning for one release. The broken systems are left out, because their
/// commands do not take options.
#[tokio::test(flavor = "multi_thread")]
async fn older_transcripts_still_do_the_same() -> anyhow::Result<()> {
    let blocks = Page::old().blocks()?;
    ensure!(blocks.len() > 20, "{} blocks", blocks.len());
    for scene in Scene::ALL.into_iter().filter(|scene| *scene != Scene::Faulty) {
        let mut set = scene.set().await?;
        for block in blocks.iter().filter(|b| Scene::of(&b.name) == Some(scene)) {
            block.play_old(&mut set).await?;
        }
        set.close()?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_transcripts_of_the_docs_are_what_the_commands_print() -> anyhow::Result<()> {
    let mut page = Page::read()?;
    let blocks = page.blocks()?;
    ensure!(!blocks.is_empty(), "no block of the page is marked");
    let mut faults = Vec::new();
    for scene in Scene::ALL {
        let own: Vec<&Block> = blocks.iter().filter(|b| Scene::of(&b.name) == Some(scene)).collect();
        let mut set = scene.set().await?;
        for block in own {
            match block.play(&mut set).await? {
                Outcome::True => {}
                Outcome::Changed { is, was } if page::writes() => page.replace(block, &is, &was),
                Outcome::Changed { is, was } => {
                    faults.push(format!("{}\nis:\n{is}\nwas:\n{was}", block.name));
                }
            }
        }
        set.close()?;
    }
    for block in &blocks {
        ensure!(Scene::of(&block.name).is_some(), "no scene has the transcript {:?}", block.name);
    }
    page.write()?;
    ensure!(
        faults.is_empty(),
        "run with TRANSCRIPTS=write, and look at what changed:\n{}",
        faults.join("\n\n")
    );
    Ok(())
}
