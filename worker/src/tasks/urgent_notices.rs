//! Tells staff by SMS that an urgent message waits, at any hour, and again until one of them answers. The SMS says nothing about the
//! message or the person.

use std::time::Duration;

use shared::phone::E164;
use sqlx::PgPool;

use super::driver::{Failed, Next, Task};
use crate::store::{conversations, messages};

const INTERVAL: Duration = Duration::from_secs(5);

/// The task of one worker; any number may run.
pub(crate) struct UrgentNotices {
    pub(crate) pool: PgPool,
    pub(crate) phones: Vec<E164>,
}

impl Task for UrgentNotices {
    const NAME: &'static str = "urgent_notices";

    fn interval(&self) -> Duration {
        INTERVAL
    }

    /// One SMS to each number, however many conversations wait.
    async fn step(&mut self) -> Result<Next, Failed> {
        let mut tx = self.pool.begin().await?;
        let waiting = conversations::take_urgent(&mut tx).await?;
        if let Some(first) = waiting.first() {
            let (id, turn, notice) = (first.conversation_id, first.turn, first.notices);
            for (place, phone) in self.phones.iter().enumerate() {
                // Of the conversation, its turn and the notice: two workers tell staff once.
                let key = format!("urgent:{id} turn {turn} notice {notice} to {place}");
                messages::staff_notice(&mut tx, phone.as_str(), &key).await?;
            }
            tracing::info!(conversations = waiting.len(), "staff are told that an urgent message waits");
        }
        tx.commit().await?;
        Ok(Next::AfterInterval)
    }
}

#[cfg(test)]
mod tests;
