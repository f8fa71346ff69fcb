//! Looks after numbers that nothing blocks, page by page.

use std::time::Duration;

use sqlx::PgPool;
use tokio::time::Instant;

use crate::store::mend::{self, Page};

/// Rows of one page; a round of the sweeper reads at most two.
const PAGE: i64 = 500;
/// Between two walks through all of them: what is found is left by workers of the release before, so almost nothing.
const REST: Duration = Duration::from_secs(10 * 60);

/// How far this worker's walks are. Any number of workers may walk.
#[derive(Default)]
pub(crate) struct Mending {
    linked: Walk,
    freed: Walk,
}

/// One walk through the numbers of an index, in its order.
#[derive(Default)]
struct Walk {
    after: String,
    rests_until: Option<Instant>,
}

impl Mending {
    /// The next page of each walk.
    pub(crate) async fn step(&mut self, pool: &PgPool) -> Result<(), sqlx::Error> {
        // First whom a message was sent to: whoever is linked to such a number stays so.
        if self.freed.is_due() {
            self.freed.mend(pool, mend::freed(pool, &self.freed.after, PAGE).await?).await?;
        }
        if self.linked.is_due() {
            self.linked.mend(pool, mend::linked(pool, &self.linked.after, PAGE).await?).await?;
        }
        Ok(())
    }
}

impl Walk {
    fn is_due(&self) -> bool {
        self.rests_until.is_none_or(|until| until <= Instant::now())
    }

    async fn mend(&mut self, pool: &PgPool, page: Page) -> Result<(), sqlx::Error> {
        let mut mended = 0;
        for number in &page.numbers {
            mended += usize::from(mend::mend(pool, number).await?);
        }
        if mended > 0 {
            tracing::warn!(numbers = mended, "numbers that nothing blocked were looked after");
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
        let mut mending = Mending::default();
        for _ in 0..2 {
            mending.step(&world.pool).await.unwrap();
        }
        let (left, _) = world.claim(&now("one", 1)).await;
        let _ = world.link(&now("two", 1), &left).await;
        world.let_go_silently(&left).await;
        mending.step(&world.pool).await.unwrap();
        assert_eq!(world.user("two").await, "registered shared_phone -", "the walk rests");
        mending = Mending::default();
        mending.step(&world.pool).await.unwrap();
        assert_eq!(world.user("two").await, "received - due -");
        world.end().await;
    }
}
