//! What follows when WhatsApp refuses a message because too many go out: all workers send more slowly for a while. If that
//! does not help within a minute, the limit of people is reached, and new people wait until tomorrow.

use std::{sync::Mutex, time::Duration};

use shared::domain::PeopleLimit;
use sqlx::PgPool;
use tokio::time::Instant;

use super::lock::lock;
use crate::{
    store::{admission, whatsapp_pace},
    twilio::{is_of_people, is_of_rate},
};

const MINUTE: Duration = Duration::from_secs(60);
/// A minute with fewer messages decides nothing.
const FEWEST: u32 = 20;
/// The limit of people is reached if more than one in five messages of a minute is refused.
const ONE_IN: u32 = 5;

/// The messages of WhatsApp that ended within a minute, as far as this worker was told.
#[derive(Default)]
pub(crate) struct Refusals(Mutex<Option<Minute>>);

/// Begins with a refusal.
struct Minute {
    began: Instant,
    ended: u32,
    refused: u32,
}

impl Refusals {
    /// Counts a message that arrived or failed with `code`. True: a minute is over in which more than a fifth were refused for
    /// a limit, although the rate was lowered.
    pub(crate) fn count(&self, code: Option<u32>) -> bool {
        let refused = u32::from(code.is_some_and(is_of_people));
        let mut current = lock(&self.0);
        let over = current.take_if(|minute| minute.began.elapsed() >= MINUTE);
        match &mut *current {
            Some(minute) => (minute.ended, minute.refused) = (minute.ended + 1, minute.refused + refused),
            None if refused == 1 => *current = Some(Minute { began: Instant::now(), ended: 1, refused }),
            None => {}
        }
        // One that has been over for long says nothing about today.
        over.is_some_and(|minute| {
            minute.began.elapsed() < 2 * MINUTE
                && minute.ended >= FEWEST
                && minute.refused * ONE_IN > minute.ended
        })
    }
}

/// Has new people wait until tomorrow, for all workers: the rest of the day's limit counts as used up. Where it cannot be stored,
/// the next minute does it.
pub(crate) async fn wait_for_tomorrow(pool: &PgPool, limit: PeopleLimit) {
    match admission::use_up(pool, limit).await {
        Ok(Some(people)) => tracing::error!(
            people,
            "WhatsApp refuses more than a fifth of the messages: its limit of people counts as used up, and new people wait until tomorrow"
        ),
        Ok(None) => tracing::error!(
            "WhatsApp refuses more than a fifth of the messages, and WHATSAPP_MAX_PEOPLE_PER_DAY sets no limit: see `worker doctor`"
        ),
        Err(error) => tracing::warn!(%error, "the limit of people was not marked as used up"),
    }
}

/// Halves the rate of WhatsApp for all workers if `code` says that too many messages go out. A burst of refusals halves it
/// once: one of a message that was claimed before the rate was lowered changes nothing. `age`: how long ago that was. Where it
/// cannot be stored, the next refusal does it.
pub(crate) async fn slow_down(pool: &PgPool, code: u32, age: Duration) {
    if !is_of_rate(code) {
        return;
    }
    match whatsapp_pace::halve(pool, age).await {
        Ok(Some(share)) => {
            metrics::counter!("onboarding_whatsapp_slowdowns_total").increment(1);
            tracing::warn!(
                code,
                share,
                "WhatsApp refused a message as too many: its rate is lowered for a while"
            );
        }
        Ok(None) => {}
        Err(error) => tracing::warn!(code, %error, "the rate of WhatsApp was not lowered"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts messages of which the first `refused` fail, and the first one after their minute.
    async fn judged(refused: u32, arrived: u32, after: Duration) -> bool {
        let refusals = Refusals::default();
        for _ in 0..refused {
            assert!(!refusals.count(Some(63_018)), "the minute is not over");
        }
        for _ in 0..arrived {
            assert!(!refusals.count(None), "the minute is not over");
        }
        tokio::time::advance(after).await;
        refusals.count(None)
    }

    #[tokio::test(start_paused = true)]
    async fn more_than_a_fifth_of_a_minute_reach_the_limit_of_people() {
        for (refused, arrived, expected) in [
            (20, 0, true),
            (5, 15, true),
            (4, 16, false),
            (19, 0, false),
            (200, 800, false),
            (201, 799, true),
        ] {
            assert_eq!(
                judged(refused, arrived, MINUTE).await,
                expected,
                "{refused} of {}",
                refused + arrived
            );
        }
        assert!(!judged(20, 0, MINUTE / 2).await, "the rate was lowered just now");
        assert!(!judged(20, 0, 2 * MINUTE).await, "it was long ago");
    }

    #[tokio::test(start_paused = true)]
    async fn a_minute_begins_with_a_refusal_and_each_is_judged_once() {
        let refusals = Refusals::default();
        for _ in 0..1_000 {
            assert!(!refusals.count(None) && !refusals.count(Some(63_017)) && !refusals.count(Some(63_024)));
        }
        for _ in 0..2 {
            for _ in 0..20 {
                assert!(!refusals.count(Some(63_018)));
            }
            tokio::time::advance(MINUTE).await;
            assert!(refusals.count(None));
            assert!(!refusals.count(None));
        }
    }
}
