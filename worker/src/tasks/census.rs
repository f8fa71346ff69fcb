//! The figures of the whole service. One worker measures them, so that several do not count them several times: it
//! holds a lock of a session of its own, and when that ends another takes over.

use std::time::Duration;

use sqlx::{PgConnection, PgPool};

use super::driver::{Failed, Next, Task};
use crate::{
    observe::recorder::ServiceText,
    store::census::{self, Figures},
};

const INTERVAL: Duration = Duration::from_secs(15);
/// The database measures for at most 1/`SHARE` of the time, regardless of the number of users.
const SHARE: u32 = 100;

pub(crate) struct Census {
    pool: PgPool,
    text: ServiceText,
    /// The session that holds the lock, while this worker measures.
    lead: Option<PgConnection>,
}

impl Census {
    pub(crate) fn new(pool: PgPool, text: ServiceText) -> Self {
        Self { pool, text, lead: None }
    }

    /// Returns the session that holds the lock; none: another worker measures.
    async fn take_lead(&mut self) -> Result<Option<PgConnection>, sqlx::Error> {
        if let Some(connection) = self.lead.take() {
            return Ok(Some(connection));
        }
        let mut connection = self.pool.acquire().await?;
        if !census::try_lead(&mut connection).await? {
            return Ok(None);
        }
        tracing::info!("measuring the figures of the service");
        // The lock belongs to the session: it must neither go back to the pool nor end with its age.
        Ok(Some(connection.detach()))
    }

    /// The time that the measurement took; none: another worker measures.
    async fn measure(&mut self) -> Result<Option<Duration>, sqlx::Error> {
        let Some(mut connection) = self.take_lead().await? else { return Ok(None) };
        let (figures, took) = census::take(&mut connection).await?;
        self.text.show(|| show(&figures, took));
        self.lead = Some(connection);
        Ok(Some(took))
    }
}

impl Task for Census {
    const NAME: &'static str = "census";

    fn interval(&self) -> Duration {
        INTERVAL
    }

    /// Not while this worker measures: when the database goes away, the figures must not stay.
    fn needs_database(&self) -> bool {
        self.lead.is_none()
    }

    /// Measures, if no other worker does. A failure ends the session and with it the lock.
    async fn step(&mut self) -> Result<Next, Failed> {
        let measured = self.measure().await;
        if !matches!(measured, Ok(Some(_))) {
            self.text.clear();
        }
        Ok(measured?.map_or(Next::AfterInterval, |took| Next::NotBefore(took * SHARE)))
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of people and seconds fit a double")]
fn show(figures: &Figures, took: Duration) {
    for (state, users) in &figures.users {
        metrics::gauge!("onboarding_users", "state" => state.as_str()).set(*users as f64);
    }
    for (lane, seconds) in &figures.overdue {
        metrics::gauge!("onboarding_oldest_pending_age_seconds", "lane" => lane.as_str()).set(*seconds);
    }
    metrics::gauge!("onboarding_unknown_outcomes", "stage" => "checking")
        .set(figures.unknown.checking as f64);
    metrics::gauge!("onboarding_unknown_outcomes", "stage" => "parked").set(figures.unknown.parked as f64);
    metrics::gauge!("onboarding_dead_letter_backlog").set(figures.dead_letters.open as f64);
    metrics::gauge!("onboarding_dead_letters_settled", "how" => "replayed")
        .set(figures.dead_letters.replayed as f64);
    metrics::gauge!("onboarding_dead_letters_settled", "how" => "dropped")
        .set(figures.dead_letters.dropped as f64);
    for (source, numbers) in &figures.suppressed {
        metrics::gauge!("onboarding_suppressed_numbers", "source" => *source).set(*numbers as f64);
    }
    metrics::gauge!("onboarding_duplicate_welcome_violations").set(figures.violations as f64);
    metrics::gauge!("onboarding_messages_after_stop").set(figures.after_stop as f64);
    metrics::gauge!("onboarding_whatsapp_people").set(figures.whatsapp_people as f64);
    for waiting in &figures.events_out {
        let event = waiting.event.routing_key();
        metrics::gauge!("onboarding_events_out_waiting", "event" => event).set(waiting.rows as f64);
        metrics::gauge!("onboarding_events_out_oldest_age_seconds", "event" => event).set(waiting.oldest_age);
    }
    let inbox = &figures.inbox;
    metrics::gauge!("onboarding_conversations", "urgent" => "yes").set(inbox.urgent as f64);
    metrics::gauge!("onboarding_conversations", "urgent" => "no").set(inbox.others as f64);
    metrics::gauge!("onboarding_urgent_wait_seconds").set(inbox.urgent_waits.max(0.0));
    metrics::gauge!("onboarding_census_timestamp_seconds").set(chrono::Utc::now().timestamp() as f64);
    metrics::gauge!("onboarding_census_duration_seconds").set(took.as_secs_f64());
}
