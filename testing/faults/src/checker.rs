//! What must hold after every scenario.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::ensure;

use crate::{
    Outcome, Sent, Stage,
    report::{self, Line},
};

/// What a scenario is expected to leave behind.
#[derive(Debug, Clone, Default)]
pub struct Expect {
    users: usize,
    parked: usize,
    reopened: u64,
    waiting: Vec<String>,
}

impl Expect {
    /// So many users, each with a final state, nobody parked.
    pub fn users(users: usize) -> Self {
        Self { users, ..Self::default() }
    }

    /// At most so many are left to a person.
    #[must_use]
    pub fn parked(mut self, parked: usize) -> Self {
        self.parked = parked;
        self
    }

    /// So many second messages were asked for by policy or by hand.
    #[must_use]
    pub fn reopened(mut self, reopened: u64) -> Self {
        self.reopened = reopened;
        self
    }

    /// This user is to have no final state.
    #[must_use]
    pub fn waiting(mut self, user: &str) -> Self {
        self.waiting.push(user.to_owned());
        self
    }
}

/// Waits for the end and checks it; the workers are stopped on the way.
pub(crate) async fn run(stage: &mut Stage, expect: &Expect) -> anyhow::Result<()> {
    let waiting: Vec<&str> = expect.waiting.iter().map(String::as_str).collect();
    stage.until_final_but(expect.users, &waiting).await?;
    // Whoever is held back may have an event in a queue that nobody consumes meanwhile.
    let held = stage.database.number("SELECT count(*) FROM users WHERE state = 'received'").await?;
    stage.until_left(u32::try_from(held)?).await?;
    while !stage.workers.is_empty() {
        stage.stop_worker(0).await?;
    }
    let left = stage.broker.ready().await?;
    ensure!(i64::from(left) <= held, "{left} deliveries came back to the queues");
    let sending = stage.database.number("SELECT count(*) FROM attempts WHERE outcome = 'sending'").await?;
    ensure!(sending == 0, "{sending} attempts are left `sending`");
    let outcomes = stage.database.outcomes().await?;
    add_up(&outcomes, expect)?;
    let sent = stage.simulator.sent().await?;
    let ledger = stage.simulator.ledger().await?;
    ensure!(
        ledger.duplicates <= expect.reopened,
        "{} duplicates, {} were asked for",
        ledger.duplicates,
        expect.reopened
    );
    ensure!(sent.len() as u64 == ledger.accepted, "the ledger keeps {} of {}", sent.len(), ledger.accepted);
    agree(stage, &sent).await?;
    let parked = outcomes.iter().filter(|o| o.reason.as_deref() == Some("parked")).count();
    let lost = expect.users.saturating_sub(outcomes.len());
    let duplicates = ledger.duplicates.saturating_sub(expect.reopened);
    report::append(&Line { signups: expect.users, lost, duplicates, parked, took: stage.began.elapsed() })
}

fn add_up(outcomes: &[Outcome], expect: &Expect) -> anyhow::Result<()> {
    let mut states: BTreeMap<String, usize> = BTreeMap::new();
    for outcome in outcomes {
        *states.entry(outcome.case()).or_default() += 1;
    }
    println!("{states:?}");
    let parked = outcomes.iter().filter(|o| o.reason.as_deref() == Some("parked")).count();
    ensure!(parked <= expect.parked, "{parked} parked, at most {} expected", expect.parked);
    ensure!(outcomes.len() == expect.users, "{} users of {}", outcomes.len(), expect.users);
    Ok(())
}

/// Every accepted attempt is a message in the ledger, with that SID and number; every message in the ledger is
/// an accepted attempt or one whose outcome is left open.
async fn agree(stage: &Stage, sent: &[Sent]) -> anyhow::Result<()> {
    let sql = "SELECT phone_e164, outcome::text, sid FROM attempts WHERE outcome IN ('accepted', 'unknown')";
    let attempts: Vec<(String, String, Option<String>)> =
        sqlx::query_as(sql).fetch_all(&stage.database.pool).await?;
    let messages: BTreeMap<&str, &str> = sent.iter().map(|m| (m.sid.as_str(), m.to.as_str())).collect();
    for (phone, outcome, sid) in attempts.iter().filter(|(_, outcome, _)| outcome == "accepted") {
        let to = sid.as_deref().and_then(|s| messages.get(s).copied());
        ensure!(
            to == Some(phone),
            "an {outcome} attempt to {phone} is not in the ledger: {sid:?} went to {to:?}"
        );
    }
    let known: BTreeSet<&str> = attempts.iter().filter_map(|(_, _, sid)| sid.as_deref()).collect();
    let open: BTreeSet<&str> = attempts
        .iter()
        .filter(|(_, outcome, _)| outcome == "unknown")
        .map(|(phone, ..)| phone.as_str())
        .collect();
    for message in sent.iter().filter(|m| !known.contains(m.sid.as_str())) {
        ensure!(open.contains(message.to.as_str()), "a message to {} is in no attempt", message.to);
    }
    Ok(())
}
