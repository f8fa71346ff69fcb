use axum::http::StatusCode;
use serde_json::{Value, json};

use super::*;
use crate::{
    store::{whatsapp_sender::SenderState, world::World},
    twilio::stand_in::StandIn,
};

const OURS: &str = "whatsapp:+14155550123";

struct Scene {
    world: World,
    twilio: StandIn,
    task: WhatsappLimit,
}

impl Scene {
    async fn set(interval: Duration) -> Self {
        let (world, twilio) = (World::create().await, StandIn::start().await);
        let (pool, sender) = (world.pool.clone(), Sender::From(OURS.to_owned()));
        let task = WhatsappLimit { pool, client: twilio.client(), sender, interval, shown: None };
        Self { world, twilio, task }
    }

    fn report(&self, limits: &[&str]) {
        let sender = |limit: &&str| json!({"sender_id": OURS, "status": "ONLINE", "properties": {"messaging_limit": limit}});
        let senders: Vec<Value> = limits.iter().map(sender).collect();
        self.twilio.say(StatusCode::OK, &json!({"senders": senders, "meta": {"next_page_url": null}}));
    }

    /// One step, and what is known afterwards.
    async fn step(&mut self) -> SenderState {
        self.task.step().await.unwrap();
        whatsapp_sender::state(&self.world.pool).await.unwrap()
    }

    async fn end(self) {
        self.world.end().await;
    }
}

#[tokio::test]
async fn the_limit_follows_the_sender_and_survives_a_failed_read() {
    let mut scene = Scene::set(Duration::ZERO).await;
    scene.report(&["1K Customers/24hr"]);
    assert_eq!(scene.step().await.limit, Some(MessagingLimit::People(1_000)));
    assert_eq!(scene.task.shown, Some(MessagingLimit::People(1_000)));
    for (status, body, words) in [
        (StatusCode::INTERNAL_SERVER_ERROR, json!({}), "HTTP 500"),
        (StatusCode::OK, json!({"senders": []}), "cannot be read"),
        (StatusCode::OK, json!({"senders": [], "meta": {"next_page_url": null}}), "no such WhatsApp sender"),
    ] {
        scene.twilio.say(status, &body);
        let known = scene.step().await;
        assert_eq!(known.limit, Some(MessagingLimit::People(1_000)), "{body}");
        assert!(known.error.is_some_and(|error| error.contains(words)), "{body}");
    }
    scene.report(&["Unlimited"]);
    let known = scene.step().await;
    assert_eq!((known.limit, known.error), (Some(MessagingLimit::Unlimited), None));
    assert_eq!(scene.task.shown, Some(MessagingLimit::Unlimited));
    scene.end().await;
}

#[tokio::test]
async fn of_several_senders_the_lowest_limit_counts_and_odd_words_none() {
    let mut scene = Scene::set(Duration::ZERO).await;
    scene.report(&["Unlimited", "10K Customers/24hr", "2K Customers/24hr", "many"]);
    assert_eq!(scene.step().await.limit, Some(MessagingLimit::People(2_000)));
    scene.report(&["many"]);
    assert_eq!(scene.step().await.limit, Some(MessagingLimit::People(2_000)));
    scene.end().await;
}

#[tokio::test]
async fn one_worker_reads_it_in_each_interval() {
    let mut scene = Scene::set(Duration::from_secs(600)).await;
    scene.report(&["250"]);
    assert_eq!(scene.step().await.limit, Some(MessagingLimit::People(250)));
    scene.report(&["10K"]);
    assert_eq!(scene.step().await.limit, Some(MessagingLimit::People(250)), "not due");
    assert_eq!(scene.task.shown, Some(MessagingLimit::People(250)), "what another worker read counts");
    scene.end().await;
}
