//! Welcomes by SMS, then the same by WhatsApp with a template of two variables, at full speed.

use anyhow::ensure;
use shared::lane::QueueLane;

use crate::{
    event,
    measure::{Steady, steady},
    report::Row,
    services::Services,
    sizes::Sizes,
    stage::{Stage, people},
    standin::StandIn,
    worker::{self, Pace},
};

const PACE: Pace = Pace { concurrency: 512, rate: 0 };
/// The second list sends everything by WhatsApp: every number agrees to it and the template may be sent.
const SMS: &[(&str, &str)] = &[("CHANNELS", "welcome=sms")];
const WHATSAPP: &[(&str, &str)] = &[
    ("CHANNELS", "welcome=whatsapp,sms"),
    ("WHATSAPP_RATE", "0"),
    ("WHATSAPP_MAX_PEOPLE_PER_DAY", "0"),
    // The stand-in lists no templates.
    ("TEMPLATE_SYNC_INTERVAL", "1d"),
];
/// As a walk over the account's contents and `worker templates map` store it.
const TEMPLATE: &str = "
    INSERT INTO contents (content_sid, friendly_name, template_language, category, status, rejection_reason, placeholders,
                          body, updated_at, seen_at, changed_at)
    VALUES ('HX00000000000000000000000000000001', 'welcome', 'en', 'UTILITY', 'approved', '', '{1,2}',
            'Namaste {{1}}, welcome to Aamcare. We are here for you, {{2}}.', now(), now(), now());
    INSERT INTO templates (kind, slot, language, channel, variant, content_sid, template_language, category, variables,
                           actor, reason)
    VALUES ('welcome', 'welcome', 'ne', 'whatsapp', 'a', 'HX00000000000000000000000000000001', 'en', 'UTILITY',
            '{\"1\": \"name\", \"2\": \"name\"}', 'bench', 'bench');
    UPDATE template_sync SET started_at = now(), succeeded_at = now()";

pub(super) async fn run(services: &Services, sizes: &Sizes) -> anyhow::Result<Vec<Row>> {
    let sms = full(&Stage::open(services).await?, "sms", SMS, sizes.events).await?;
    let whatsapp = full(&Stage::open(services).await?, "whatsapp", WHATSAPP, sizes.events).await?;
    let mut row = Row::steady("welcomes by WhatsApp", whatsapp);
    row.share = Some(whatsapp.per_second / sms.per_second);
    "share is of those by SMS".clone_into(&mut row.note);
    Ok(vec![Row::steady("welcomes by SMS", sms), row])
}

async fn full(
    stage: &Stage,
    channel: &str,
    settings: &[(&str, &str)],
    events: u32,
) -> anyhow::Result<Steady> {
    let granted = format!(
        "INSERT INTO channel_grants SELECT '+977' || number, 'whatsapp', ARRAY['onboarding'] FROM {}",
        people(0, events)
    );
    stage.execute(&granted).await?;
    stage.execute(TEMPLATE).await?;
    stage.execute("VACUUM ANALYZE channel_grants").await?;
    stage.queues.fill(QueueLane::Live, 0..events, event::signed_up_with_name).await?;
    let mut stand_in = StandIn::start(stage.folder(), 2).await?;
    let mut worker = worker::start_with(stage, stand_in.url(), PACE, settings)?;
    let seen = steady(stage, &mut worker, &mut stand_in, events).await?;
    worker.stop().await?;
    let sql = format!("SELECT count(*) FROM attempts WHERE outcome = 'accepted' AND channel = '{channel}'");
    let accepted = stage.number(&sql).await?;
    ensure!(accepted == i64::from(events), "{accepted} of {events} welcomes went by {channel}");
    Ok(seen)
}
