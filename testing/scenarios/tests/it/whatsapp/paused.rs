//! A template that WhatsApp pauses while its messages go out.

use std::{ops::Range, time::Duration};

use serde_json::json;
use support::{Expect, PATIENCE, Prometheus, TestEnv, full, number, rounds, until};

use super::{DOUBLE, TEMPLATE, WELCOMED, all_agree_to, by_whatsapp, enqueue, stored, with_template};

const ALERT: &str = "OnboardingTemplateHeld";
/// The alert waits for two minutes.
const ALERT_TAKES: Duration = Duration::from_secs(240);

/// Stores users who agree to these channels.
async fn agreed(test: &TestEnv, users: Range<u32>, channels: &[&str]) -> anyhow::Result<()> {
    for n in users.clone() {
        stored(test, &format!("u{n}"), &number(n)).await?;
    }
    let those =
        format!("substr(user_id, 2)::int >= {} AND substr(user_id, 2)::int < {}", users.start, users.end);
    for channel in channels {
        all_agree_to(test, channel, &those).await?;
    }
    Ok(())
}

/// Waits until every worker counts so many mapped templates that may not be sent: what the alert reads.
async fn until_held(test: &TestEnv, wanted: f64) -> anyhow::Result<()> {
    for worker in &test.workers {
        until(&format!("{wanted} templates are held"), PATIENCE, async || {
            let all = worker.metric("onboarding_templates", "").await?;
            let held = all - worker.metric("onboarding_templates", "state=\"sendable\"").await?;
            Ok(if (held - wanted).abs() < 0.1 { Ok(()) } else { Err(held.to_string()) })
        })
        .await?;
    }
    Ok(())
}

async fn until_alert(prometheus: &Prometheus, fires: bool) -> anyhow::Result<()> {
    let began = std::time::Instant::now();
    until(&format!("{ALERT} fires: {fires}"), ALERT_TAKES, async || {
        let firing = prometheus.firing().await?;
        Ok(if firing.iter().any(|name| name == ALERT) == fires { Ok(()) } else { Err(format!("{firing:?}")) })
    })
    .await?;
    println!("{ALERT} fires: {fires}, after {:?}", began.elapsed());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_that_is_paused_midway_fails_no_user_and_its_messages_resume() -> anyhow::Result<()> {
    let pause_at = rounds(20, 1_000);
    // The first may be welcomed by either channel, the others by WhatsApp alone.
    let (either, alone) = (0..2 * pause_at, 2 * pause_at..3 * pause_at);
    let everyone = i64::from(alone.end);
    let mut test = by_whatsapp().env("CONSENT_FOR_ONBOARDING", "required").build().await?;
    with_template(&mut test).await?;
    agreed(&test, either.clone(), &["whatsapp", "sms"]).await?;
    test.start_worker().await?;
    test.start_worker().await?;
    let targets = [("onboarding", test.workers[0].ops())];
    let prometheus = if full() { Prometheus::start(&targets, Duration::from_secs(2)).await? } else { None };

    test.simulator.change_content(TEMPLATE, json!({ "pause_at": pause_at })).await?;
    enqueue(&test, either.clone()).await?;
    let paused = "SELECT count(*) FROM contents WHERE status = 'paused'";
    test.database.until("the pause is noticed", paused, 1).await?;
    // It is mapped for two languages.
    until_held(&test, 2.0).await?;
    test.until_final(either.len()).await?;
    test.database.until("the others go by SMS", WELCOMED, i64::from(either.end)).await?;

    agreed(&test, alone.clone(), &["whatsapp"]).await?;
    enqueue(&test, alone.clone()).await?;
    let waiting = "SELECT count(*) FROM users WHERE state = 'received' AND reason = 'no_template'";
    test.database.until("all wait for the template", waiting, i64::from(pause_at)).await?;
    if let Some(prometheus) = &prometheus {
        until_alert(prometheus, true).await?;
    }
    assert_eq!(
        test.database.number(waiting).await?,
        i64::from(pause_at),
        "they wait for as long as it takes"
    );

    test.simulator.change_content(TEMPLATE, json!({ "status": "approved" })).await?;
    test.until_final(usize::try_from(everyone)?).await?;
    test.database.until("everyone is welcomed", WELCOMED, everyone).await?;
    until_held(&test, 0.0).await?;
    if let Some(prometheus) = &prometheus {
        until_alert(prometheus, false).await?;
    }

    let failed = "SELECT count(*) FROM users WHERE state = 'failed'";
    assert_eq!((test.database.number(failed).await?, test.database.number(DOUBLE).await?), (0, 0));
    let ledger = test.simulator.ledger().await?;
    let refused = ledger.failed_on_whatsapp();
    let met_pause = refused.get(&63_041).copied().unwrap_or_default();
    println!("{met_pause} messages met the pause");
    assert!(met_pause > 0 && refused.len() == 1, "{refused:?}");
    // All but the one at which it was paused, and those after the pause.
    let arrived = u64::from(pause_at - 1 + pause_at);
    assert_eq!(ledger.accepted_on_whatsapp() - met_pause, arrived);
    assert_eq!(ledger.accepted - ledger.accepted_on_whatsapp(), u64::try_from(everyone)? - arrived);
    assert_eq!((ledger.day_duplicates, ledger.reached_on_both_channels), (0, 0));
    test.finish(Expect::users(usize::try_from(everyone)?)).await
}
