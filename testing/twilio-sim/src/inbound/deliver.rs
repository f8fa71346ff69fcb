//! Calls the webhooks of a batch.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use url::form_urlencoded;

use super::create::Job;
use super::received::WebhookAnswer;
use super::twiml;
use crate::app::App;
use crate::callbacks::Letter;
use crate::time::millis;

/// Calls each webhook, at most `concurrency` messages at the same time, in the order of the jobs. A message that is
/// delayed waits without keeping the others. Ends after the last answer.
pub(crate) async fn deliver(app: Arc<App>, jobs: Vec<Job>, concurrency: usize) {
    let places = Arc::new(Semaphore::new(concurrency));
    let generation = app.ledger.generation();
    let mut calls = JoinSet::new();
    let (late, now): (Vec<_>, Vec<_>) = jobs.into_iter().partition(|job| !job.order.delay.is_zero());
    for job in late {
        let (app, places) = (Arc::clone(&app), Arc::clone(&places));
        calls.spawn(async move {
            app.clock.wait_until(job.received.created_ms + millis(job.order.delay)).await;
            let Ok(_place) = places.acquire().await else { return };
            call(&app, Arc::new(job), generation).await;
        });
    }
    for job in now {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { break };
        let app = Arc::clone(&app);
        calls.spawn(async move {
            call(&app, Arc::new(job), generation).await;
            drop(place);
        });
        while calls.try_join_next().is_some() {}
    }
    while calls.join_next().await.is_some() {}
}

/// All copies of one message.
async fn call(app: &Arc<App>, job: Arc<Job>, generation: u64) {
    if !job.order.parallel {
        for _ in 0..job.order.copies {
            post(app, &job, generation).await;
        }
        return;
    }
    let mut copies = JoinSet::new();
    for _ in 0..job.order.copies {
        let (app, job) = (Arc::clone(app), Arc::clone(&job));
        copies.spawn(async move { post(&app, &job, generation).await });
    }
    while copies.join_next().await.is_some() {}
}

async fn post(app: &App, job: &Job, generation: u64) {
    if app.ledger.generation() != generation {
        // The ledger was reset since.
        return;
    }
    let call = app.ledger.next_call();
    let fields: Vec<(&str, &str)> =
        job.fields.iter().map(|(name, value)| (&**name, value.as_str())).collect();
    let letter = Letter {
        token: &job.token,
        body: form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish(),
        signature: job.target.sign(&app.auth.token(), &fields, job.order.signature.into()),
    };
    let started = Instant::now();
    let delivery = app.courier.deliver(&job.target, &letter).await;
    let (twiml, replies) = twiml::read(delivery.content_type.as_deref(), &delivery.body);
    let answer = WebhookAnswer {
        call,
        status: delivery.last_status,
        tries: delivery.tries,
        elapsed_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        content_type: delivery.content_type,
        twiml,
        replies,
    };
    if app.ledger.generation() == generation {
        app.ledger.webhook_answered(answer.status);
        job.received.answered(answer);
    }
}
