use std::collections::BTreeMap;

use axum::http::StatusCode;
use chrono::NaiveDate;
use serde_json::{Value, json};
use shared::{
    domain::{Channel, MessageKind},
    templates::{Field, Language, Variant},
};

use super::*;
use crate::{
    store::{templates, world::World},
    templates::fixtures::{BODY, place, sid},
    twilio::stand_in::StandIn,
};

/// Twilio has a complete list of contents with these numbers and statuses.
fn list(twilio: &StandIn, contents: &[(u32, &str)]) {
    let contents: Vec<Value> = contents.iter().map(|(n, status)| content(*n, status)).collect();
    twilio.say(StatusCode::OK, &json!({"contents": contents, "meta": {"next_page_url": null}}));
}

fn content(n: u32, status: &str) -> Value {
    json!({
        "sid": sid(n), "friendly_name": format!("tip_{n}"), "language": "hi",
        "types": {"twilio/text": {"body": BODY}},
        "approval_requests": {"category": "UTILITY", "status": status, "rejection_reason": ""},
    })
}

struct Scene {
    world: World,
    twilio: StandIn,
    task: TemplateSync,
}

impl Scene {
    async fn set(always: bool) -> Self {
        let (world, twilio) = (World::create().await, StandIn::start().await);
        let registry = Arc::new(Registry::new(world.pool.clone()));
        // Every step is due.
        let interval = Duration::ZERO;
        let (pool, client) = (world.pool.clone(), twilio.client());
        let task = TemplateSync { pool, client, registry, interval, always };
        Self { world, twilio, task }
    }

    async fn map(&self, n: u32) {
        let variables = BTreeMap::from([("1".to_owned(), Field::Week), ("2".to_owned(), Field::Text)]);
        let (place, sid) = (place(Variant::A), sid(n).parse().unwrap());
        let mapped = templates::map(&self.world.pool, place, &sid, &variables, ("maya", "test")).await;
        assert!(mapped.unwrap());
    }

    /// The contents as the registry has them.
    async fn stored(&self) -> Vec<String> {
        let sql = "SELECT concat_ws(' ', friendly_name, status, CASE WHEN removed_at IS NOT NULL THEN 'removed' END)
                   FROM contents ORDER BY content_sid";
        sqlx::query_scalar(sql).fetch_all(&self.world.pool).await.unwrap()
    }

    async fn noted(&self) -> Vec<String> {
        let sql =
            "SELECT subject FROM audit_log WHERE action = 'templates sync' AND actor = 'worker' ORDER BY id";
        sqlx::query_scalar(sql).fetch_all(&self.world.pool).await.unwrap()
    }

    async fn error(&self) -> Option<String> {
        contents::sync_state(&self.world.pool).await.unwrap().error
    }

    fn is_sendable(&self) -> bool {
        let day = NaiveDate::from_ymd_opt(2026, 11, 29).unwrap();
        let registry = &self.task.registry;
        let (kind, language, channel) = (MessageKind::Tip, Language::Ne, Channel::Whatsapp);
        registry.choose(kind, "pregnancy", language, channel, "1042", day).is_some()
    }

    async fn end(self) {
        self.world.end().await;
    }
}

#[tokio::test]
async fn a_pause_is_noticed_audited_and_ends_by_itself() {
    let mut scene = Scene::set(true).await;
    list(&scene.twilio, &[(1, "approved"), (2, "pending")]);
    scene.task.step().await.unwrap();
    scene.map(1).await;
    scene.task.registry.refresh().await.unwrap();
    assert!(scene.is_sendable());
    list(&scene.twilio, &[(1, "paused"), (2, "approved")]);
    scene.task.step().await.unwrap();
    assert!(!scene.is_sendable());
    list(&scene.twilio, &[(1, "approved"), (2, "approved")]);
    scene.task.step().await.unwrap();
    assert!(scene.is_sendable());
    let first = sid(1);
    let expected =
        [format!("{first} status approved to paused"), format!("{first} status paused to approved")];
    assert_eq!(scene.noted().await, expected, "changes of contents that are not mapped are not audited");
    scene.end().await;
}

#[tokio::test]
async fn a_removal_is_noticed_and_so_is_the_return() {
    let mut scene = Scene::set(true).await;
    list(&scene.twilio, &[(1, "approved"), (2, "approved")]);
    scene.task.step().await.unwrap();
    scene.map(1).await;
    list(&scene.twilio, &[(2, "approved")]);
    scene.task.step().await.unwrap();
    assert_eq!(scene.stored().await, ["tip_1 approved removed", "tip_2 approved"]);
    assert!(!scene.is_sendable());
    list(&scene.twilio, &[(1, "approved"), (2, "approved")]);
    scene.task.step().await.unwrap();
    assert_eq!(scene.stored().await, ["tip_1 approved", "tip_2 approved"]);
    assert!(scene.is_sendable());
    let first = sid(1);
    let expected = [format!("{first} removed at Twilio"), format!("{first} is at Twilio again")];
    assert_eq!(scene.noted().await, expected);
    scene.end().await;
}

#[tokio::test]
async fn a_failed_walk_changes_nothing_and_is_reported() {
    let mut scene = Scene::set(true).await;
    list(&scene.twilio, &[(1, "approved"), (2, "approved")]);
    scene.task.step().await.unwrap();
    scene.map(1).await;
    scene.task.registry.refresh().await.unwrap();
    let page = |next: &str| json!({"contents": [content(2, "paused")], "meta": {"next_page_url": next}});
    let same = "https://content.twilio.com/v1/ContentAndApprovals?PageSize=1000";
    let other = "https://content.twilio.com/v1/ContentAndApprovals?Page=1";
    for (status, body, error) in [
        (StatusCode::INTERNAL_SERVER_ERROR, json!({}), "Twilio answered HTTP 500, error code 0"),
        (StatusCode::OK, json!({"contents": [content(2, "paused")]}), "Twilio's answer cannot be read"),
        (StatusCode::OK, page(same), "Twilio returned the same page of templates twice"),
        (StatusCode::OK, page(other), "Twilio returned the same page of templates twice"),
        (StatusCode::UNAUTHORIZED, json!({"code": 20003}), "Twilio answered HTTP 401, error code 20003"),
    ] {
        scene.twilio.say(status, &body);
        scene.task.step().await.unwrap();
        assert_eq!(scene.stored().await, ["tip_1 approved", "tip_2 approved"], "{error}");
        assert_eq!(scene.error().await.as_deref(), Some(error));
        assert!(scene.is_sendable(), "the last known state applies: {error}");
    }
    let kept = "SELECT count(*) FROM template_sync WHERE succeeded_at < failed_at AND running_until IS NULL";
    assert_eq!(scene.world.count(kept).await, 1);
    list(&scene.twilio, &[(1, "approved")]);
    scene.task.step().await.unwrap();
    assert_eq!((scene.error().await, scene.stored().await.len()), (None, 2));
    scene.end().await;
}

#[tokio::test]
async fn one_worker_at_a_time_syncs_and_a_dead_one_is_replaced() {
    let mut scene = Scene::set(true).await;
    list(&scene.twilio, &[(1, "approved")]);
    let turn = contents::begin(&scene.world.pool, Due::Now).await.unwrap().unwrap();
    scene.task.step().await.unwrap();
    assert_eq!(scene.stored().await, Vec::<String>::new(), "another worker syncs");
    let over = "UPDATE template_sync SET running_until = now() - interval '1 second'";
    sqlx::query(over).execute(&scene.world.pool).await.unwrap();
    scene.task.step().await.unwrap();
    assert_eq!(scene.stored().await, ["tip_1 approved"]);
    let late = contents::apply(&scene.world.pool, turn, &[], BY).await.unwrap();
    assert_eq!(late, None, "what the slow worker saw is older");
    assert_eq!(scene.stored().await, ["tip_1 approved"]);
    scene.end().await;
}

#[tokio::test]
async fn a_walk_waits_for_its_interval_and_for_a_reason() {
    let mut scene = Scene::set(false).await;
    list(&scene.twilio, &[(1, "approved")]);
    scene.task.step().await.unwrap();
    assert_eq!(scene.stored().await, Vec::<String>::new(), "WhatsApp is not in use");
    scene.task.always = true;
    scene.task.step().await.unwrap();
    scene.map(1).await;
    scene.task.always = false;
    list(&scene.twilio, &[(1, "paused")]);
    scene.task.interval = Duration::from_secs(600);
    scene.task.step().await.unwrap();
    assert_eq!(scene.stored().await, ["tip_1 approved"], "not due");
    scene.task.interval = Duration::ZERO;
    scene.task.step().await.unwrap();
    assert_eq!(scene.stored().await, ["tip_1 paused"], "a mapping is a reason");
    scene.end().await;
}
