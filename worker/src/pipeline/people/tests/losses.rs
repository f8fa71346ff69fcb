//! What events about losses store.

use super::*;

async fn handled(world: &World, key: &str, data: Value) -> PeopleOutcome {
    let event = json!({
        "specversion": "1.0", "id": uuid::Uuid::now_v7(), "source": "/test", "type": format!("np.aamcare.{key}"),
        "time": Utc::now().to_rfc3339(), "data": data,
    });
    let inbound = Inbound {
        lane: QueueLane::Live,
        body: event.to_string().into_bytes(),
        routing_key: key.to_owned(),
        message_id: None,
        screened: Screened::default(),
        published_at: None,
        arrival: Arrival { at: Instant::now(), redelivered: false },
        traceparent: None,
        headers: json!({}),
    };
    let people = People { pool: world.pool.clone(), numbers: AUDIENCE.numbers, erasure: None };
    people.handle(&inbound).await.unwrap()
}

#[tokio::test]
async fn the_reporter_of_a_loss_is_not_stored() {
    let world = World::create().await;
    for reporter in ["user-4711", "user-4712"] {
        let data = json!({ "user_id": "user-4711", "reported_by": reporter });
        assert_eq!(handled(&world, "user.loss_reported.v1", data).await, PeopleOutcome::Applied);
    }
    let actors = "SELECT string_agg(DISTINCT actor, ',') FROM (SELECT actor FROM consent_ledger
                  UNION ALL SELECT actor FROM audit_log UNION ALL SELECT actor FROM suppressions) a";
    let actors: String = sqlx::query_scalar(actors).fetch_one(&world.pool).await.unwrap();
    assert_eq!(actors, "portal");
    let opened = "SELECT count(*) FROM staff_tasks WHERE kind = 'loss' AND opened_by = 'event'";
    assert_eq!(world.count(opened).await, 1);
    world.end().await;
}

#[tokio::test]
async fn a_loss_from_before_the_user_silences_the_number_that_a_profile_brings() {
    let world = World::create().await;
    handled(&world, "user.loss_reported.v1", json!({ "user_id": "1042" })).await;
    let profile = json!({ "user_id": "1042", "phone_number": "9840000007" });
    assert_eq!(handled(&world, "user.profile_changed.v1", profile).await, PeopleOutcome::Applied);
    let silenced = "SELECT count(*) FROM suppressions WHERE loss AND phone_e164 = '+9779840000007'";
    assert_eq!(world.count(silenced).await, 1);
    world.end().await;
}
