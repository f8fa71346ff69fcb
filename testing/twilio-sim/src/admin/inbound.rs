//! `POST /_sim/inbound`: people write to the account. `GET` shows what they wrote and what the webhooks answered.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use hyper::header::HOST;
use hyper::http::request::Parts;
use serde_json::{Value, json};

use super::ledger::limit;
use crate::app::App;
use crate::form::Form;
use crate::inbound::{Batch, Job, Received, check, create, deliver};
use crate::ledger::InboundFilter;
use crate::random::Random;
use crate::server::Reply;
use crate::sid::MessageSid;
use crate::time::rfc2822;

/// Newest first, `from` and `to` or one `sid` if given, at most `limit`, with the totals.
pub(super) fn show(app: &App, query: &Form) -> Reply {
    // A plus typed into a URL arrives as a space.
    let address = |name| query.filled(name).map(|address| address.replacen(' ', "+", 1));
    let (from, to) = (address("from"), address("to"));
    let found: Vec<Arc<Received>> = if let Some(sid) = query.filled("sid") {
        MessageSid::parse(sid).and_then(|sid| app.ledger.received(sid)).into_iter().collect()
    } else {
        let filter = InboundFilter { from: from.as_deref(), to: to.as_deref(), ..InboundFilter::default() };
        app.ledger.newest_received(filter, limit(query), |_| true)
    };
    let counts = app.ledger.inbound_counts();
    Reply::json(
        200,
        &json!({
            "received": counts.received,
            "calls": counts.calls,
            "answers": counts.answers,
            "messages": found.iter().map(|message| view(message)).collect::<Vec<_>>(),
        }),
    )
}

/// Checks all messages, stores all, and calls their webhooks.
pub(super) async fn receive(app: &Arc<App>, parts: &Parts, body: &Bytes) -> Reply {
    let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1");
    match store(app, &format!("http://{host}"), body) {
        Ok(stored) => answer(app, stored).await,
        Err(error) => Reply::json(400, &json!({ "error": error })),
    }
}

/// The messages of a batch, and the webhooks to be called.
struct Stored {
    received: Vec<Arc<Received>>,
    jobs: Vec<Job>,
    concurrency: usize,
    wait: bool,
}

/// All or, with an error, none.
fn store(app: &App, base: &str, body: &[u8]) -> Result<Stored, String> {
    let batch = Batch::read(body)?;
    let many = batch.orders.len() > 1;
    let (mut checked, mut sids) = (Vec::with_capacity(batch.orders.len()), HashSet::new());
    for (number, order) in (1..).zip(batch.orders) {
        let name = |error| if many { format!("message {number}: {error}") } else { error };
        let one = check(app, order).map_err(name)?;
        if one.sid.is_some_and(|sid| !sids.insert(sid)) {
            return Err(name("sid: given twice".to_owned()));
        }
        checked.push(one);
    }
    let (mut received, mut jobs) = (Vec::with_capacity(checked.len()), Vec::with_capacity(checked.len()));
    for one in checked {
        let (message, job) = create(app, one, base);
        received.push(message);
        jobs.extend(job);
    }
    if let Some(seed) = batch.shuffled {
        Random::new(seed).disorder(&mut jobs);
    }
    Ok(Stored { received, jobs, concurrency: batch.concurrency, wait: batch.wait })
}

/// The webhooks are called even if the client leaves before the answer.
async fn answer(app: &Arc<App>, stored: Stored) -> Reply {
    let calls = tokio::spawn(deliver(Arc::clone(app), stored.jobs, stored.concurrency));
    if stored.wait
        && let Err(error) = calls.await
    {
        tracing::error!(%error, "webhooks were not called");
    }
    let mut answers: BTreeMap<u16, u64> = BTreeMap::new();
    let mut messages = Vec::with_capacity(stored.received.len());
    for message in &stored.received {
        let given = message.answers();
        for answer in &given {
            *answers.entry(answer.status).or_default() += 1;
        }
        messages.push(json!({ "sid": message.sid.to_string(), "answers": given }));
    }
    let sids: Vec<String> = stored.received.iter().map(|message| message.sid.to_string()).collect();
    Reply::json(201, &json!({ "sids": sids, "answers": answers, "messages": messages }))
}

fn view(message: &Received) -> Value {
    json!({
        "sid": message.sid.to_string(),
        "from": message.from,
        "to": message.to,
        "body": message.body(),
        "num_media": message.media.len(),
        "date_created": rfc2822(message.created_ms),
        "answers": message.answers(),
    })
}
