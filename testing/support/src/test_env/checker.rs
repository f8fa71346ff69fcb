//! What must hold after every scenario.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::ensure;
use sqlx::FromRow;

use crate::{Sent, TestEnv, measured::Measured, report};

/// What a scenario is expected to leave behind.
#[derive(Debug, Clone, Default)]
pub struct Expect {
    users: usize,
    parked: usize,
    unsent: bool,
    reopened: u64,
    waiting: Vec<String>,
}

impl Expect {
    /// Expects `users` users, each with a final state and none parked.
    pub fn users(users: usize) -> Self {
        Self { users, ..Self::default() }
    }

    /// At most `parked` attempts need review.
    #[must_use]
    pub fn parked(mut self, parked: usize) -> Self {
        self.parked = parked;
        self
    }

    /// At most `parked` attempts need review, and Twilio has no message of any of them.
    #[must_use]
    pub fn parked_unsent(self, parked: usize) -> Self {
        Self { unsent: true, ..self.parked(parked) }
    }

    /// Expects `reopened` second messages that were requested by policy or by hand.
    #[must_use]
    pub fn reopened(mut self, reopened: u64) -> Self {
        self.reopened = reopened;
        self
    }

    /// Expects that this user does not reach a final state.
    #[must_use]
    pub fn waiting(mut self, user: &str) -> Self {
        self.waiting.push(user.to_owned());
        self
    }
}

/// Waits for the end, counts, writes the counts down and only then checks them; the workers are stopped on the way.
pub(crate) async fn run(test: &mut TestEnv, expect: &Expect) -> anyhow::Result<()> {
    let ended = end(test, expect).await;
    let source = test.source();
    let measured = Measured::take(&source, expect.users, &expect.waiting, expect.reopened).await?;
    println!("{:?}", measured.cases());
    report::append(test.report.as_deref(), &measured.line(source, expect.users))?;
    test.reported = true;
    ended?;
    add_up(&measured, expect)?;
    refused_or_not_failed(test).await?;
    let (sent, ledger) = (test.simulator.sent().await?, &measured.ledger);
    ensure!(sent.len() as u64 == ledger.accepted, "the ledger keeps {} of {}", sent.len(), ledger.accepted);
    agree(test, &sent).await?;
    if expect.unsent { parked_have_no_message(test, &sent).await } else { Ok(()) }
}

async fn parked_have_no_message(test: &TestEnv, sent: &[Sent]) -> anyhow::Result<()> {
    let sql = "SELECT CASE channel WHEN 'sms' THEN '' ELSE channel || ':' END || phone_e164 FROM all_attempts
               WHERE outcome = 'unknown' AND parked_at IS NOT NULL";
    let parked: Vec<String> = sqlx::query_scalar(sql).fetch_all(&test.database.pool).await?;
    let texted: BTreeSet<&str> = sent.iter().map(|message| message.to.as_str()).collect();
    let found = parked.iter().filter(|address| texted.contains(address.as_str())).count();
    ensure!(found == 0, "{found} of {} parked attempts have a message", parked.len());
    Ok(())
}

async fn end(test: &mut TestEnv, expect: &Expect) -> anyhow::Result<()> {
    let waiting: Vec<&str> = expect.waiting.iter().map(String::as_str).collect();
    test.until_final_but(expect.users, &waiting).await?;
    // A user that is held back may have an event in a queue that no worker consumes meanwhile.
    let held = test.database.number("SELECT count(*) FROM users WHERE state = 'received'").await?;
    test.until_left(u32::try_from(held)?).await?;
    stop_workers(test).await?;
    // A message that failed late may have begun its fallback just before the stop, which gave the fallback back: the
    // next worker has to take it on.
    for _ in 0..5 {
        if test.database.progress(&waiting).await?.1 == 0 {
            break;
        }
        test.launch_worker().await?;
        test.until_final_but(expect.users, &waiting).await?;
        stop_workers(test).await?;
    }
    let left = test.broker.ready().await?;
    ensure!(i64::from(left) <= held, "{left} deliveries came back to the queues");
    let sending = test.database.number("SELECT count(*) FROM all_attempts WHERE outcome = 'sending'").await?;
    ensure!(sending == 0, "{sending} attempts are left `sending`");
    Ok(())
}

async fn stop_workers(test: &mut TestEnv) -> anyhow::Result<()> {
    while !test.workers.is_empty() {
        test.stop_worker(0).await?;
    }
    Ok(())
}

fn add_up(measured: &Measured, expect: &Expect) -> anyhow::Result<()> {
    let Measured { outcomes, lost, duplicates, parked, .. } = measured;
    ensure!(*lost == 0, "{lost} users are lost");
    ensure!(*duplicates == 0, "{duplicates} duplicates that were not asked for");
    ensure!(*parked <= expect.parked, "{parked} parked, at most {} expected", expect.parked);
    ensure!(outcomes.len() == expect.users, "{} users of {}", outcomes.len(), expect.users);
    Ok(())
}

/// Checks that Twilio refused every user that is `failed`.
async fn refused_or_not_failed(test: &TestEnv) -> anyhow::Result<()> {
    let sql = "SELECT count(*) FROM users u WHERE state = 'failed' AND NOT EXISTS (
                   SELECT FROM attempts a WHERE a.message_id = u.attempt_id AND a.outcome = 'refused')";
    let failed = test.database.number(sql).await?;
    ensure!(failed == 0, "{failed} users are failed and were not refused");
    Ok(())
}

/// Every accepted attempt is a message in the ledger, with that SID and number, and where its status is a last
/// one, with that status; every message in the ledger is an accepted attempt or one whose outcome is left open.
async fn agree(test: &TestEnv, sent: &[Sent]) -> anyhow::Result<()> {
    let sql =
        "SELECT phone_e164, outcome::text, message_sid AS sid, status AS twilio_status FROM all_attempts
               WHERE outcome IN ('accepted', 'unknown')";
    let attempts: Vec<Attempt> = sqlx::query_as(sql).fetch_all(&test.database.pool).await?;
    let messages: BTreeMap<&str, &Sent> = sent.iter().map(|m| (m.sid.as_str(), m)).collect();
    for attempt in attempts.iter().filter(|a| a.outcome == "accepted") {
        let message = attempt.sid.as_deref().and_then(|s| messages.get(s).copied());
        let found = message.filter(|m| m.phone() == attempt.phone_e164 && attempt.has_status_of(m));
        ensure!(found.is_some(), "not in the ledger: {attempt:?}; there is {message:?}");
    }
    let known: BTreeSet<&str> = attempts.iter().filter_map(|a| a.sid.as_deref()).collect();
    let open: BTreeSet<&str> =
        attempts.iter().filter(|a| a.outcome == "unknown").map(|a| a.phone_e164.as_str()).collect();
    for message in sent.iter().filter(|m| !known.contains(m.sid.as_str())) {
        ensure!(open.contains(message.phone()), "a message to {} is in no attempt", message.to);
    }
    Ok(())
}

#[derive(Debug, FromRow)]
struct Attempt {
    phone_e164: String,
    outcome: String,
    sid: Option<String>,
    twilio_status: Option<String>,
}

impl Attempt {
    /// A last status is the ledger's, too; an earlier one may have been overtaken there.
    fn has_status_of(&self, message: &Sent) -> bool {
        let last = ["delivered", "undelivered", "failed"];
        // What was delivered may be read afterwards.
        let same = |status: &str| {
            status == message.status || (status, message.status.as_str()) == ("delivered", "read")
        };
        self.twilio_status.as_deref().filter(|status| last.contains(status)).is_none_or(same)
    }
}
