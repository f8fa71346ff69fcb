//! Everything at full speed: claim before and outcome after each call, against a stand-in that answers at once.

use anyhow::ensure;
use shared::lane::QueueLane;

use super::messages;
use crate::{
    event,
    measure::{Steady, steady},
    report::Row,
    scrape::Scrapes,
    services::Services,
    sizes::Sizes,
    stage::{Stage, people},
    standin::StandIn,
    worker::{self, Pace},
};

const PACE: Pace = Pace { concurrency: 512, rate: 0 };
const BARE_TABLE: &str = "CREATE TABLE bare_outcomes (user_id text PRIMARY KEY, phone_e164 text NOT NULL,
                          sid text NOT NULL, written_at timestamptz NOT NULL DEFAULT now())";

/// The bare pipeline, then the worker.
pub(super) async fn run(services: &Services, sizes: &Sizes) -> anyhow::Result<Vec<Row>> {
    let bare = bare(&Stage::open(services).await?, sizes.events).await?;
    let (ours, scrapes) = full(&Stage::open(services).await?, 0, sizes.events).await?;
    let mut row = Row::steady("instant", ours);
    row.share = Some(ours.per_second / bare.per_second);
    "share is of the bare pipeline".clone_into(&mut row.note);
    Ok(vec![Row::steady("instant, bare pipeline", bare), row, scrapes])
}

/// An empty database, then one with many users stored and welcomed, and a year of messages.
pub(super) async fn grown(services: &Services, sizes: &Sizes) -> anyhow::Result<Vec<Row>> {
    let (empty, _) = full(&Stage::open(services).await?, 0, sizes.events).await?;
    let none_sent = messages::full(&Stage::open(services).await?, sizes.events).await?;
    let stage = Stage::open(services).await?;
    eprintln!("  storing {} users", sizes.stored);
    store_welcomed(&stage, sizes.stored).await?;
    messages::store_old(&stage, sizes.messages).await?;
    let (grown, _) = full(&stage, sizes.stored, sizes.events).await?;
    let many_sent = messages::full(&stage, sizes.events).await?;
    let mut row = Row::steady(format!("instant, {} users stored", sizes.stored), grown);
    row.share = Some(grown.per_second / empty.per_second);
    "share is of the empty database".clone_into(&mut row.note);
    let mut of_messages = Row::steady(format!("stored messages, {} sent before", sizes.messages), many_sent);
    of_messages.share = Some(many_sent.per_second / none_sent.per_second);
    row.note.clone_into(&mut of_messages.note);
    let empty = Row::steady("instant, empty database", empty);
    Ok(vec![empty, row, Row::steady("stored messages, none sent before", none_sent), of_messages])
}

async fn full(stage: &Stage, first: u32, events: u32) -> anyhow::Result<(Steady, Row)> {
    stage.queues.fill(QueueLane::Live, first..first + events, event::signed_up).await?;
    let before = stage.number("SELECT count(*) FROM attempts").await?;
    let mut stand_in = StandIn::start(stage.folder(), 2).await?;
    let mut worker = worker::start(stage, stand_in.url(), PACE)?;
    worker::until_consuming(&mut worker).await?;
    let scrapes = Scrapes::start(&worker)?;
    let seen = steady(stage, &mut worker, &mut stand_in, events).await?;
    let scrapes = scrapes.finish()?;
    worker.stop().await?;
    let accepted = stage.number("SELECT count(*) FROM attempts WHERE outcome = 'accepted'").await? - before;
    ensure!(accepted == i64::from(events), "{accepted} of {events} events were stored as accepted");
    Ok((seen, scrapes))
}

async fn bare(stage: &Stage, events: u32) -> anyhow::Result<Steady> {
    stage.execute(BARE_TABLE).await?;
    stage.queues.fill(QueueLane::Live, 0..events, event::signed_up).await?;
    let mut stand_in = StandIn::start(stage.folder(), 2).await?;
    let mut pipeline = worker::start_bare(stage, stand_in.url(), PACE, events)?;
    let seen = steady(stage, &mut pipeline, &mut stand_in, events).await?;
    pipeline.wait(std::time::Duration::from_secs(10)).await?;
    let stored = stage.number("SELECT count(*) FROM bare_outcomes").await?;
    ensure!(stored == i64::from(events), "{stored} of {events} events were stored");
    Ok(seen)
}

/// Users who had their welcome long ago. Everything is stored in the order of an index, or it would take hours.
async fn store_welcomed(stage: &Stage, users: u32) -> anyhow::Result<()> {
    let people = people(0, users);
    let stored = format!(
        "INSERT INTO users (user_id, phone_raw, phone_e164, language, source, changed_at, state, attempt_id, enqueued_at)
         SELECT id, number, '+977' || number, 'ne', 'portal', now(), 'registered', md5(id)::uuid, now() FROM {people}"
    );
    let welcomed = format!(
        "INSERT INTO attempts (message_id, user_id, phone_e164, outcome, lane, worker_id, language, body_sha256,
                               segments, lease_until, sid, twilio_status, status_rank)
         SELECT md5(id)::uuid, id, '+977' || number, 'accepted', 'backfill', 'bench', 'ne', '\\x00', 1, now(),
                'SM' || md5(number), 'delivered', 5 FROM {people}"
    );
    tokio::try_join!(stage.execute(&stored), stage.execute(&welcomed))?;
    for table in ["users", "attempts"] {
        stage.execute(&format!("VACUUM ANALYZE {table}")).await?;
    }
    stage.execute("CHECKPOINT").await
}
