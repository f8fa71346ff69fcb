//! Walks through numbers whose attempts no longer block them, page by page, and settles the users who still count on one.

use std::time::Duration;

use sqlx::PgPool;
use tokio::time::Instant;

use super::driver::{Failed, Next, Task};
use crate::store::unblocked_numbers::{self, Page};

/// Rows of one page; a step reads at most two pages.
const PAGE: i64 = 500;
/// The pause between two walks. Only workers of the previous release leave such numbers, so there are almost none.
const REST: Duration = Duration::from_secs(10 * 60);

/// How far this worker's walks are. Any number of workers may walk.
pub(crate) struct UnblockedNumbers {
    pool: PgPool,
    interval: Duration,
    linked: Walk,
    freed: Walk,
}

impl UnblockedNumbers {
    pub(crate) fn new(pool: PgPool, interval: Duration) -> Self {
        Self { pool, interval, linked: Walk::default(), freed: Walk::default() }
    }
}

impl Task for UnblockedNumbers {
    const NAME: &'static str = "unblocked_numbers";

    fn interval(&self) -> Duration {
        self.interval
    }

    /// The next page of each walk.
    async fn step(&mut self) -> Result<Next, Failed> {
        let pool = &self.pool;
        // Numbers that got a message come first: a user linked to such a number stays linked.
        if self.freed.is_due() {
            self.freed.settle(pool, unblocked_numbers::freed(pool, &self.freed.after, PAGE).await?).await?;
        }
        if self.linked.is_due() {
            self.linked
                .settle(pool, unblocked_numbers::linked(pool, &self.linked.after, PAGE).await?)
                .await?;
        }
        Ok(Next::AfterInterval)
    }
}

/// One walk through the numbers of an index, in its order.
#[derive(Default)]
struct Walk {
    after: String,
    rests_until: Option<Instant>,
}

impl Walk {
    fn is_due(&self) -> bool {
        self.rests_until.is_none_or(|until| until <= Instant::now())
    }

    async fn settle(&mut self, pool: &PgPool, page: Page) -> Result<(), sqlx::Error> {
        let mut settled = 0;
        for number in &page.numbers {
            settled += usize::from(unblocked_numbers::fix(pool, number).await?);
        }
        if settled > 0 {
            tracing::warn!(numbers = settled, "numbers that no attempt blocks were settled");
        }
        self.rests_until = page.last.is_none().then(|| Instant::now() + REST);
        self.after = page.last.unwrap_or_default();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::world::{World, now};

    #[tokio::test]
    async fn numbers_that_nothing_blocks_are_looked_after_once_per_walk() {
        let world = World::create().await;
        let walks = || UnblockedNumbers::new(world.pool.clone(), Duration::ZERO);
        let mut task = walks();
        for _ in 0..2 {
            task.step().await.unwrap();
        }
        let (left, _) = world.claim(&now("one", 1)).await;
        let _ = world.link(&now("two", 1), &left).await;
        world.let_go_silently(&left).await;
        task.step().await.unwrap();
        assert_eq!(world.user("two").await, "registered shared_phone -", "the walk rests");
        task = walks();
        task.step().await.unwrap();
        assert_eq!(world.user("two").await, "received - due -");
        world.end().await;
    }
}
