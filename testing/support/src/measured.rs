//! What a scenario left behind, counted before anything is asserted: the fault table shows failures as well.

use std::{collections::BTreeMap, time::Duration};

use sqlx::{Connection as _, PgConnection};

use crate::{Ledger, Outcome, report::Line, simulator};

/// Where to count. Owned, so that a test environment that is being dropped can still be measured on another thread.
pub(crate) struct Source {
    pub(crate) database_url: String,
    pub(crate) simulator_url: String,
    pub(crate) scenario: String,
    pub(crate) faults: usize,
    pub(crate) resumed: Option<Duration>,
    pub(crate) took: Duration,
}

/// The counts of one scenario.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) ledger: Ledger,
    /// Signups without a final state, unless the scenario expects them to wait.
    pub(crate) lost: usize,
    /// Messages beyond the first of a number that neither an operator nor a policy requested.
    pub(crate) duplicates: u64,
    /// Attempts whose outcome was unknown at any time.
    pub(crate) unknown: i64,
    /// Attempts that need review by an operator.
    pub(crate) parked: usize,
}

impl Measured {
    /// Counts. `signups` users are expected, those in `waiting` without a final state, and `reopened` second messages.
    pub(crate) async fn take(
        source: &Source,
        signups: usize,
        waiting: &[String],
        reopened: u64,
    ) -> anyhow::Result<Self> {
        let mut connection = PgConnection::connect(&source.database_url).await?;
        let outcomes: Vec<Outcome> = sqlx::query_as(Outcome::SELECT).fetch_all(&mut connection).await?;
        let ended =
            format!("SELECT count(*) FROM onboarding_status WHERE {} OR user_id = ANY ($1)", Outcome::FINAL);
        let ended: i64 = sqlx::query_scalar(&ended).bind(waiting).fetch_one(&mut connection).await?;
        // A scenario that makes the tables itself does not have this table.
        let watched: bool = sqlx::query_scalar("SELECT to_regclass('harness.unknown') IS NOT NULL")
            .fetch_one(&mut connection)
            .await?;
        let unknown = if watched { "harness.unknown" } else { "attempts WHERE outcome = 'unknown'" };
        let unknown = format!("SELECT count(*) FROM {unknown}");
        let unknown = sqlx::query_scalar(&unknown).fetch_one(&mut connection).await?;
        let ledger = simulator::ledger_at(&source.simulator_url).await?;
        Ok(Self {
            lost: signups.saturating_sub(usize::try_from(ended)?),
            duplicates: ledger.duplicates.saturating_sub(reopened),
            unknown,
            parked: outcomes.iter().filter(|o| o.reason.as_deref() == Some("parked")).count(),
            outcomes,
            ledger,
        })
    }

    /// The row of the fault table.
    pub(crate) fn line(&self, source: Source, signups: usize) -> Line {
        let Source { scenario, faults, resumed, took, .. } = source;
        let Self { lost, duplicates, unknown, parked, .. } = *self;
        Line { scenario, faults, signups, lost, duplicates, unknown, parked, resumed, took }
    }

    /// How many users ended in each way.
    pub(crate) fn cases(&self) -> BTreeMap<String, usize> {
        let mut cases = BTreeMap::new();
        for outcome in &self.outcomes {
            *cases.entry(outcome.case()).or_default() += 1;
        }
        cases
    }
}

/// Notes every attempt whose outcome becomes unknown, however soon it is settled.
pub(crate) const WATCH_UNKNOWN: &str = "
    CREATE SCHEMA harness;
    CREATE TABLE harness.unknown (message_id uuid PRIMARY KEY);
    CREATE FUNCTION harness.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
        INSERT INTO harness.unknown VALUES (NEW.message_id) ON CONFLICT DO NOTHING;
        RETURN NULL;
    END $$;
    CREATE TRIGGER harness_unknown AFTER UPDATE ON attempts FOR EACH ROW
        WHEN (NEW.outcome = 'unknown' AND OLD.outcome <> 'unknown') EXECUTE FUNCTION harness.note();";
