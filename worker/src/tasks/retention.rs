//! Deletes what is older than its period, as `worker prune` does. Any number of workers may try; one at a time deletes.

use std::time::Duration;

use sqlx::PgPool;

use super::driver::{Failed, Next, Task};
use crate::{
    config::Retention as Periods,
    store::{
        calendar,
        prune::{self, Batch, Kind, Turn},
    },
};

/// How the audit log names deletions of the worker.
const BY: (&str, &str) = ("worker", "retention");

pub(crate) struct Retention {
    pool: PgPool,
    interval: Duration,
    periods: Periods,
    /// Twilio is a simulator on this machine.
    simulated: bool,
    release: String,
    /// The wait of this release for its first run is over.
    begun: bool,
    /// The log says what the first run will delete.
    announced: bool,
    /// What the next step deletes.
    kind: usize,
}

impl Retention {
    /// `simulated`: Twilio is a simulator on this machine, so that the calendar may be moved.
    pub(crate) fn new(
        pool: PgPool,
        interval: Duration,
        periods: Periods,
        simulated: bool,
        release: String,
    ) -> Self {
        Self { pool, interval, periods, simulated, release, begun: false, announced: false, kind: 0 }
    }

    /// Whether this release may delete: a day after its first start. Until then the log says what it will delete.
    async fn may_begin(&mut self) -> Result<bool, sqlx::Error> {
        let (at, due) = prune::begins(&self.pool, &self.release).await?;
        self.begun = due;
        if !due && !self.announced {
            self.announced = true;
            for kind in Kind::ALL {
                let (period, _) = kind.period(&self.periods);
                if period > Duration::ZERO {
                    let rows = prune::count(&self.pool, kind, period).await?;
                    let older_than = prune::in_words(period);
                    tracing::info!(kind = kind.word(), rows, older_than, begins = %at, "will be deleted");
                }
            }
        }
        Ok(due)
    }

    /// Goes on to the next kind, or ends the run.
    fn proceed(&mut self) -> Next {
        self.kind = (self.kind + 1) % Kind::ALL.len();
        if self.kind == 0 { Next::AfterInterval } else { Next::AtOnce }
    }
}

impl Task for Retention {
    const NAME: &'static str = "retention";

    fn interval(&self) -> Duration {
        self.interval
    }

    /// Deletes one batch of one kind.
    async fn step(&mut self) -> Result<Next, Failed> {
        if !self.begun && !self.may_begin().await? {
            return Ok(Next::AfterInterval);
        }
        // A calendar that a test left ahead would delete what is young.
        if !self.simulated && !calendar::ahead(&self.pool).await?.is_zero() {
            return Ok(Next::AfterInterval);
        }
        let kind = Kind::ALL[self.kind];
        let (period, _) = kind.period(&self.periods);
        if period.is_zero() {
            return Ok(self.proceed());
        }
        let batch = prune::prune_batch(&self.pool, kind, period, Turn::Leave, BY).await;
        // A kind that cannot be deleted now does not keep the others; the next run tries it again.
        let batch = batch.or_else(|error| {
            if self.kind + 1 == Kind::ALL.len() {
                self.kind = 0;
                return Err(error);
            }
            let cause = shared::db::sqlstate(&error);
            tracing::warn!(kind = kind.word(), cause, "retention: the kind is tried again in the next run");
            Ok(Batch::Deleted { rows: 0, more: false })
        })?;
        match batch {
            Batch::Left => {
                self.kind = 0;
                Ok(Next::AfterInterval)
            }
            Batch::Deleted { rows, more } => {
                if rows > 0 {
                    metrics::counter!("onboarding_pruned_rows_total", "kind" => kind.word()).increment(rows);
                    tracing::info!(kind = kind.word(), rows, "deleted by age");
                }
                Ok(if more { Next::AtOnce } else { self.proceed() })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use sqlx::Executor as _;

    use super::*;
    use crate::store::world::World;

    const DAY: Duration = Duration::from_secs(86_400);
    const OLD: &str = "now() - interval '100 days'";
    const LEFT: &str = "SELECT (SELECT count(*) FROM delivery_tries) * 100000
                             + (SELECT count(*) FROM staff_tasks) * 10 + (SELECT count(*) FROM daily_budget)";

    fn task(world: &World, simulated: bool) -> Retention {
        let mut periods = Periods::read(&mut shared::config::Env::of::<&str, &str>([]));
        periods.daily_budget = Duration::ZERO;
        Retention::new(world.pool.clone(), DAY, periods, simulated, "1.2.3".to_owned())
    }

    /// Steps until the task waits for its interval; returns how many.
    async fn run(task: &mut Retention) -> usize {
        let mut steps = 1;
        while task.step().await.unwrap() == Next::AtOnce {
            steps += 1;
        }
        steps
    }

    /// 7,000 old counts; four tasks, of which one is old and closed; an old budget.
    async fn fill(world: &World) {
        for sql in [
            format!(
                "INSERT INTO delivery_tries (delivery_key, last_at) SELECT 'id:' || n, {OLD} FROM generate_series(1, 7000) n"
            ),
            format!(
                "INSERT INTO staff_tasks (task_id, kind, user_id, opened_at, opened_by, closed_at)
                     VALUES (gen_random_uuid(), 'loss', 'open', {OLD}, 'link', NULL),
                            (gen_random_uuid(), 'loss', 'done', {OLD}, 'link', {OLD}),
                            (gen_random_uuid(), 'loss', 'lately', {OLD}, 'link', now())"
            ),
            format!("INSERT INTO daily_budget VALUES (({OLD})::date, 5)"),
        ] {
            world.pool.execute(sql.as_str()).await.unwrap();
        }
    }

    #[tokio::test]
    async fn the_first_run_waits_a_day_and_then_deletes_in_batches() {
        let world = World::create().await;
        fill(&world).await;
        assert_eq!(run(&mut task(&world, true)).await, 1, "a release that has just started");
        assert_eq!(world.count(LEFT).await, 700_000_031);
        calendar::advance(&world.pool, Duration::from_secs(86_340)).await.unwrap();
        run(&mut task(&world, true)).await;
        assert_eq!(world.count(LEFT).await, 700_000_031);

        calendar::advance(&world.pool, Duration::from_secs(61)).await.unwrap();
        assert_eq!(run(&mut task(&world, true)).await, Kind::ALL.len() + 1, "5,000 rows in one step");
        assert_eq!(world.count(LEFT).await, 21, "open and young tasks stay, and what is kept permanently");
        let noted = "SELECT count(*) FROM audit_log WHERE actor = 'worker' AND action = 'prune'
                     AND subject ~ '^(5000 delivery tries|2000 delivery tries|1 closed tasks) older than '";
        assert_eq!(world.count(noted).await, 3);
        world.end().await;
    }

    #[tokio::test]
    async fn one_worker_at_a_time_deletes_and_none_while_a_calendar_is_moved() {
        let world = World::create().await;
        fill(&world).await;
        run(&mut task(&world, true)).await;
        calendar::advance(&world.pool, DAY * 2).await.unwrap();
        assert_eq!(run(&mut task(&world, false)).await, 1, "messages would reach people");
        let others = world.database.pool().await;
        let mut other = others.begin().await.unwrap();
        other.execute("SELECT pg_advisory_xact_lock(x'6f6e625f7072756e'::bigint)").await.unwrap();
        assert_eq!(run(&mut task(&world, true)).await, 1, "another worker deletes");
        assert_eq!(world.count(LEFT).await, 700_000_031);
        other.rollback().await.unwrap();
        others.close().await;
        run(&mut task(&world, true)).await;
        assert_eq!(world.count(LEFT).await, 21);
        world.end().await;
    }
}
