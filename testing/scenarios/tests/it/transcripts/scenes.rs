//! The state of the test environment before the commands of a transcript are typed.

mod canary;
mod faulty;
mod people;
mod portal;
mod trial;

use std::collections::BTreeMap;

use anyhow::Context as _;
use support::TestEnv;

use super::form;

/// A test environment and what happened on it. Transcripts of one scene are played one after the other, in the order of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scene {
    /// The sample portal's database beside an empty one of ours, and a worker.
    Portal,
    /// The sample portal was imported; no worker runs yet.
    Canary,
    /// A worker and six users, one of each kind of end.
    People,
    /// No worker, and something is wrong.
    Faulty,
    /// No user yet, and one approved template for welcomes by WhatsApp.
    Trial,
}

impl Scene {
    pub(super) const ALL: [Self; 5] = [Self::Portal, Self::Canary, Self::People, Self::Faulty, Self::Trial];

    /// Where a transcript of that name is played.
    pub(super) fn of(name: &str) -> Option<Self> {
        match name {
            _ if name.starts_with("import") || name.starts_with("backfill") => Some(Self::Portal),
            "canary" | "resume" => Some(Self::Canary),
            _ if name.starts_with("doctor-") => Some(Self::Faulty),
            _ if name.starts_with("register") => Some(Self::Trial),
            "phone" | "doctor" | "status" | "stats" | "suppress" | "unknown-list" | "unknown-period"
            | "unknown-settle" | "reopen" | "pause" | "templates" | "templates-check" | "dead-list"
            | "dead-show" | "dead-replay" | "dead-drop" | "audit" => Some(Self::People),
            _ => None,
        }
    }

    pub(super) async fn set(self) -> anyhow::Result<Set> {
        let (test, portal) = match self {
            Self::Portal => portal::set(TestEnv::builder().with_worker().await?).await?,
            Self::Canary => canary::set().await?,
            Self::People => (people::set().await?, None),
            Self::Faulty => (faulty::set().await?, None),
            Self::Trial => (trial::set().await?, None),
        };
        Ok(Set { scene: self, test, portal })
    }
}

/// A scene that was set.
pub(super) struct Set {
    scene: Scene,
    test: TestEnv,
    /// Holds the portal's database.
    portal: Option<TestEnv>,
}

impl Set {
    /// Does what the transcript takes for granted.
    pub(super) async fn before(&mut self, name: &str) -> anyhow::Result<()> {
        match self.scene {
            Scene::Portal => portal::before(&self.test, name).await,
            Scene::Canary => canary::before(&mut self.test, name).await,
            Scene::People => people::before(&mut self.test, name).await,
            Scene::Faulty => faulty::before(&mut self.test, name).await,
            Scene::Trial => Ok(()),
        }
    }

    /// Takes back what would spoil the next one.
    pub(super) async fn after(&mut self, name: &str) -> anyhow::Result<()> {
        if self.scene == Scene::Faulty { faulty::after(&mut self.test, name).await } else { Ok(()) }
    }

    /// What the commands find in their environment.
    pub(super) fn env(&self, name: &str) -> BTreeMap<String, String> {
        let mut env = self.test.env.clone();
        env.insert("BACKFILL_WINDOW".to_owned(), "08:00-20:00 Asia/Kathmandu".to_owned());
        match self.scene {
            Scene::Portal | Scene::Canary => portal::env(self.portal.as_ref(), &mut env),
            Scene::People | Scene::Trial => {}
            Scene::Faulty => faulty::env(name, &mut env),
        }
        env
    }

    /// The command with today's id in the place of the one it had when the page was written.
    pub(super) async fn with_ids(&self, name: &str, command: &str) -> anyhow::Result<String> {
        let Some(old) = form::id(command) else { return Ok(command.to_owned()) };
        let sql = match self.scene {
            Scene::People => people::id(name),
            Scene::Portal | Scene::Canary | Scene::Faulty | Scene::Trial => None,
        };
        let sql = sql.with_context(|| format!("whose id stands in `{command}`?"))?;
        let new: String = sqlx::query_scalar(sql).fetch_one(&self.test.database.pool).await?;
        Ok(command.replace(old, &new))
    }

    /// The printed text without the prefix that keeps this test environment's queues apart.
    pub(super) fn plain(&self, printed: &str) -> String {
        let namespace = self.test.env.get("AMQP_NAMESPACE").map(String::as_str).unwrap_or_default();
        printed.replace(&format!("{namespace}."), "")
    }

    pub(super) fn close(self) -> anyhow::Result<()> {
        if let Some(portal) = self.portal {
            portal.close()?;
        }
        self.test.close()
    }
}
