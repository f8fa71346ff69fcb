//! Settling many unknown outcomes from the dashboard. A run takes minutes, so it goes on behind the page.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Asia::Kathmandu;
use shared::db::sqlstate;
use tokio_util::sync::CancellationToken;

use crate::reconcile::{
    bulk_settle::{BulkResult, BulkSettle, Counts, Order},
    evidence::NoEvidence,
};

/// How a run is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Running,
    Finished,
    /// Twilio or the database did not answer. Attempts that were settled stay settled.
    Broken,
}

/// The last run of this worker.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) since: DateTime<Utc>,
    pub(crate) until: DateTime<Utc>,
    /// It changes nothing.
    pub(crate) looks_only: bool,
    pub(crate) found: i64,
    pub(crate) counts: Counts,
    pub(crate) stage: Stage,
}

impl Run {
    /// The results that occurred: a published name and its count.
    pub(crate) fn results(&self) -> Vec<(&'static str, i64)> {
        let all = BulkResult::ALL.into_iter().map(|s| (s.as_str(), shown(self.counts.of(s))));
        all.filter(|(_, count)| *count > 0).collect()
    }

    /// How many were looked at.
    pub(crate) fn done(&self) -> i64 {
        shown(self.counts.all())
    }
}

/// At most one run at a time in this worker.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settling(Arc<Mutex<Option<Run>>>);

impl Settling {
    /// The last run, as far as it is.
    pub(crate) fn last(&self) -> Option<Run> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Starts a run. False: one is running.
    pub(crate) async fn start(
        &self,
        bulk: BulkSettle,
        stop: CancellationToken,
        order: Order,
    ) -> Result<bool, sqlx::Error> {
        let unsettled = bulk.find(&order).await?;
        if !self.begin(&order, unsettled.attempts.len()) {
            return Ok(false);
        }
        if !order.dry_run
            && let Err(error) = bulk.note(&order, unsettled.attempts.len()).await
        {
            self.change(|run| run.stage = Stage::Broken);
            return Err(error);
        }
        let settling = self.clone();
        tokio::spawn(async move {
            let mut stage = Stage::Finished;
            for attempt in &unsettled.attempts {
                if stop.is_cancelled() {
                    stage = Stage::Broken;
                    break;
                }
                match bulk.settle(attempt, unsettled.as_of, &order).await {
                    Ok(settled) => settling.change(|run| run.counts.add(settled)),
                    Err(error) => {
                        match error {
                            NoEvidence::Twilio(fault) => {
                                tracing::warn!(%fault, "settling unknown outcomes: Twilio gave no answer");
                            }
                            NoEvidence::Database(error) => {
                                tracing::warn!(cause = sqlstate(&error), "settling unknown outcomes: failed");
                            }
                        }
                        stage = Stage::Broken;
                        break;
                    }
                }
            }
            settling.change(|run| run.stage = stage);
        });
        Ok(true)
    }

    fn begin(&self, order: &Order, found: usize) -> bool {
        let mut run = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if run.as_ref().is_some_and(|r| r.stage == Stage::Running) {
            return false;
        }
        *run = Some(Run {
            since: order.since,
            until: order.until,
            looks_only: order.dry_run,
            found: shown(found),
            counts: Counts::default(),
            stage: Stage::Running,
        });
        true
    }

    fn change(&self, change: impl FnOnce(&mut Run)) {
        if let Some(run) = self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            change(run);
        }
    }
}

fn shown(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A time of Nepal, as browsers write it: `2026-11-25T18:00`.
pub(crate) fn local(text: &str) -> Option<DateTime<Utc>> {
    let forms = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"];
    let local = forms.into_iter().find_map(|form| NaiveDateTime::parse_from_str(text.trim(), form).ok())?;
    Kathmandu.from_local_datetime(&local).earliest().map(|at| at.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> Order {
        Order {
            since: DateTime::UNIX_EPOCH,
            until: Utc::now(),
            reopen_absent: false,
            dry_run: false,
            actor: "maya".to_owned(),
            reason: "outage".to_owned(),
        }
    }

    #[test]
    fn a_second_run_waits_for_the_first() {
        let settling = Settling::default();
        assert!(settling.begin(&order(), 3) && !settling.begin(&order(), 3));
        settling.change(|run| {
            run.counts.add(BulkResult::Adopted);
            run.stage = Stage::Finished;
        });
        let last = settling.last().expect("a run");
        assert_eq!((last.results(), last.done(), last.found), (vec![("adopted", 1)], 1, 3));
        assert!(settling.begin(&order(), 0));
    }

    #[test]
    fn times_are_those_of_nepal() {
        let evening = Some("2026-11-25T12:15:00Z".parse().unwrap());
        assert_eq!((local("2026-11-25T18:00"), local(" 2026-11-25T18:00:00 ")), (evening, evening));
        assert_eq!((local("2026-11-25"), local("")), (None, None));
    }
}
