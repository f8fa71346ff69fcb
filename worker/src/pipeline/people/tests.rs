mod losses;

use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::{amqp::Screened, lane::QueueLane};
use tokio::time::Instant;

use super::*;
use crate::{
    facts::Arrival,
    store::{fixtures::AUDIENCE, world::World},
};

fn event(kind: &str, at: DateTime<Utc>, data: &Value) -> Inbound {
    let body = json!({
        "specversion": "1.0", "id": format!("{kind} {at}"), "source": "portal",
        "type": format!("np.aamcare.{kind}"), "time": at.to_rfc3339(), "data": data,
    });
    Inbound {
        lane: QueueLane::Live,
        body: body.to_string().into_bytes(),
        routing_key: kind.to_owned(),
        message_id: None,
        screened: Screened::of(None),
        published_at: None,
        arrival: Arrival { at: Instant::now(), redelivered: false },
        traceparent: None,
        headers: json!({}),
    }
}

fn number(n: u32, at: DateTime<Utc>) -> Inbound {
    event("user.profile_changed.v1", at, &json!({"user_id": "ama", "phone_number": format!("984000000{n}")}))
}

fn said(action: &str, at: DateTime<Utc>) -> Inbound {
    let consent = json!({"purpose": "onboarding", "channel": "any", "action": action});
    event("user.consent_changed.v1", at, &json!({"user_id": "ama", "consents": [consent]}))
}

#[test]
fn only_changes_of_profiles_can_wait() {
    let (now, of) = (Utc::now(), |event: &Inbound| People::gist(event));
    let ama = Some("ama".to_owned());
    assert_eq!(of(&number(7, now)), (ama.clone(), false));
    assert_eq!(of(&said("withdraw", now)), (ama.clone(), true));
    for kind in ["user.loss_reported.v1", "user.erased.v1"] {
        assert_eq!(of(&event(kind, now, &json!({"user_id": "ama"}))), (ama.clone(), true), "{kind}");
    }
    assert_eq!(of(&event("user.unknown.v1", now, &json!({}))), (None, false));
}

#[tokio::test]
async fn a_stop_holds_the_number_of_an_older_change_that_comes_later() {
    let world = World::create().await;
    let people = People { pool: world.pool.clone(), numbers: AUDIENCE.numbers.clone(), erasure: None };
    let at = |minutes: i64| Utc::now() - TimeDelta::minutes(60 - minutes);
    let stopped = "SELECT count(*) FROM suppressions WHERE lifted_at IS NULL AND phone_e164 = '+977984000000";
    let stopped = async |n: u32| world.count(&format!("{stopped}{n}'")).await;
    let change = async |event: Inbound| {
        assert_eq!(people.handle(&event).await.unwrap(), PeopleOutcome::Applied);
    };
    change(number(7, at(10))).await;
    change(said("withdraw", at(30))).await;
    change(number(8, at(20))).await;
    assert_eq!([stopped(7).await, stopped(8).await], [1, 1]);
    // The user has this number since the stop.
    change(number(9, at(40))).await;
    assert_eq!(stopped(9).await, 0);
    change(said("grant", at(50))).await;
    change(number(6, at(45))).await;
    assert_eq!(stopped(6).await, 0, "messages are wanted again");
    world.end().await;
}
