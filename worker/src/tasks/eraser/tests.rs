use chrono::{TimeDelta, Utc};
use metrics_exporter_prometheus::PrometheusBuilder;
use shared::{
    consent::{Door, Source, doors},
    domain::UserId,
};

use super::*;
use crate::store::{
    fixtures::erasure_key,
    world::{World, now},
};

#[tokio::test]
async fn an_erasure_that_fails_or_waits_holds_up_no_other() {
    let world = World::create().await;
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let _recording = metrics::set_default_local_recorder(&recorder);
    let door = Door { source: Source::Staff, actor: "maya", reason: "test", action: None };
    // A call of each of the first ones has not ended.
    let names: Vec<String> = (0..24).map(|n| format!("u{n}")).collect();
    for (n, name) in (0..).zip(&names) {
        let user = UserId::parse(name).unwrap();
        if n < 22 {
            let _ = world.claim(&now(name, n)).await;
        }
        let asked = Utc::now() + TimeDelta::seconds(n.into());
        doors::request_erasure(&world.pool, &user, asked, &door).await.unwrap();
    }
    sqlx::raw_sql(
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
         CREATE TRIGGER fail BEFORE DELETE ON pending_erasures FOR EACH ROW WHEN (OLD.user_id = 'u22') EXECUTE FUNCTION fail()",
    )
    .execute(&world.pool)
    .await
    .unwrap();
    let mut eraser =
        Eraser { pool: world.pool.clone(), key: Some(erasure_key()), health: Arc::new(Health::default()) };
    assert!(eraser.step().await.is_err(), "the failure is told");
    assert_eq!(world.count("SELECT count(*) FROM pending_erasures WHERE user_id = 'u23'").await, 0);
    assert_eq!(world.count("SELECT count(*) FROM pending_erasures").await, 23);
    let text = handle.render();
    for line in ["onboarding_erasures_waiting 23", "onboarding_erasures_total 1"] {
        assert!(text.contains(line), "{line}: {text}");
    }
    world.end().await;
}
