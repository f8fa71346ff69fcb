use std::{collections::BTreeMap, time::Duration};

use shared::templates::{Field, Variant};

use super::*;
use crate::{
    store::{
        calendar,
        contents::{By, Due},
        world::World,
    },
    templates::fixtures::{place, record, sid},
    twilio::ContentRecord,
};

const BY: By<'_> = By { actor: "worker", reason: "test", is_person: false };

fn day(n: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, n).unwrap()
}

/// Stores a walk that found these contents.
async fn walked(world: &World, records: &[ContentRecord]) -> Vec<String> {
    let turn = contents::begin(&world.pool, Due::Now).await.unwrap().unwrap();
    let applied = contents::apply(&world.pool, turn, records, BY).await.unwrap().unwrap();
    applied.changes.into_iter().map(|(_, change)| change).collect()
}

async fn map(world: &World, variant: Variant, n: u32) {
    let variables = BTreeMap::from([("1".to_owned(), Field::Week), ("2".to_owned(), Field::Text)]);
    let sid = sid(n).parse().unwrap();
    assert!(templates::map(&world.pool, place(variant), &sid, &variables, ("maya", "test")).await.unwrap());
}

/// Two variants that may be sent, and a registry that knows them.
async fn two_variants() -> (World, Registry) {
    let world = World::create().await;
    walked(&world, &[record(1, "approved"), record(2, "approved")]).await;
    map(&world, Variant::A, 1).await;
    map(&world, Variant::B, 2).await;
    let registry = Registry::new(world.pool.clone());
    registry.refresh().await.unwrap();
    (world, registry)
}

/// The SID of the template for the user on this day.
fn chosen(registry: &Registry, user: &str, day: NaiveDate) -> Option<String> {
    let (kind, language, channel) = (MessageKind::Tip, Language::Ne, Channel::Whatsapp);
    let template = registry.choose(kind, "pregnancy", language, channel, user, day)?;
    Some(template.content_sid.as_str().to_owned())
}

#[tokio::test]
async fn a_variant_stands_in_while_the_other_may_not_be_sent() {
    let (world, registry) = two_variants().await;
    let users = ["1042", "1043"];
    assert_ne!(chosen(&registry, users[0], day(29)), chosen(&registry, users[1], day(29)));
    walked(&world, &[record(1, "paused"), record(2, "approved")]).await;
    registry.refresh().await.unwrap();
    assert!(users.iter().all(|user| chosen(&registry, user, day(29)) == Some(sid(2))));
    walked(&world, &[record(1, "paused"), record(2, "rejected")]).await;
    registry.refresh().await.unwrap();
    assert!(users.iter().all(|user| chosen(&registry, user, day(29)).is_none()));
    walked(&world, &[record(1, "approved")]).await;
    registry.refresh().await.unwrap();
    assert!(users.iter().all(|user| chosen(&registry, user, day(29)) == Some(sid(1))));
    world.end().await;
}

#[tokio::test]
async fn what_is_not_mapped_has_no_template() {
    let (world, registry) = two_variants().await;
    let choose = |kind, slot, language, channel| registry.choose(kind, slot, language, channel, "1", day(29));
    let (tip, ne, whatsapp) = (MessageKind::Tip, Language::Ne, Channel::Whatsapp);
    assert!(choose(tip, "pregnancy", ne, whatsapp).is_some());
    assert!(choose(MessageKind::Welcome, "pregnancy", ne, whatsapp).is_none());
    assert!(choose(tip, "newborn", ne, whatsapp).is_none());
    assert!(choose(tip, "no such slot", ne, whatsapp).is_none());
    assert!(
        choose(tip, "pregnancy", Language::En, whatsapp).is_none(),
        "another language is not a substitute"
    );
    assert!(choose(tip, "pregnancy", ne, Channel::Sms).is_none());
    world.end().await;
}

#[tokio::test]
async fn a_held_template_is_sent_again_after_a_later_walk_finds_it_approved() {
    let (world, registry) = two_variants().await;
    let both = [record(1, "approved"), record(2, "approved")];
    let first: ContentSid = sid(1).parse().unwrap();
    let user = ["1042", "1043"].into_iter().find(|user| chosen(&registry, user, day(29)) == Some(sid(1)));
    let user = user.unwrap();
    assert!(registry.hold(&first, 63041).await.unwrap());
    assert_eq!(chosen(&registry, user, day(29)), Some(sid(2)), "at once, in this worker");
    assert!(!registry.hold(&first, 63041).await.unwrap(), "it is held already");
    let wanted = Due::After { interval: Duration::from_secs(3_600), always: false };
    let turn = contents::begin(&world.pool, wanted).await.unwrap();
    assert!(turn.is_some(), "a walk is wanted before its interval has passed");
    contents::fail(&world.pool, turn.unwrap(), "test").await.unwrap();

    let changes = walked(&world, &both).await;
    registry.refresh().await.unwrap();
    assert_eq!(changes, Vec::<String>::new(), "Twilio's list may be behind");
    assert_eq!(chosen(&registry, user, day(29)), Some(sid(2)));
    calendar::advance(&world.pool, contents::HOLD).await.unwrap();
    registry.refresh().await.unwrap();
    assert_eq!(chosen(&registry, user, day(29)), Some(sid(2)), "time alone is not a proof");
    assert_eq!(walked(&world, &both).await, ["no longer held after error 63041"]);
    registry.refresh().await.unwrap();
    assert_eq!(chosen(&registry, user, day(29)), Some(sid(1)));
    let noted = "SELECT count(*) FROM audit_log WHERE action = 'template held' AND actor = 'worker'";
    assert_eq!(world.count(noted).await, 1);
    world.end().await;
}

#[tokio::test]
async fn a_hold_ends_at_once_when_a_pause_was_seen_to_end() {
    let (world, registry) = two_variants().await;
    registry.hold(&sid(1).parse().unwrap(), 63041).await.unwrap();
    let changes = walked(&world, &[record(1, "paused"), record(2, "approved")]).await;
    assert_eq!(changes, ["status approved to paused"]);
    let changes = walked(&world, &[record(1, "approved"), record(2, "approved")]).await;
    assert_eq!(changes, ["status paused to approved", "no longer held after error 63041"]);
    world.end().await;
}

#[tokio::test]
async fn a_content_that_is_not_known_cannot_be_held() {
    let (world, registry) = two_variants().await;
    assert!(!registry.hold(&sid(9).parse().unwrap(), 21655).await.unwrap());
    assert_eq!(world.count("SELECT count(*) FROM contents WHERE held_code IS NOT NULL").await, 0);
    world.end().await;
}

#[tokio::test]
async fn a_recategorised_template_is_sent_again_after_a_new_mapping_or_a_change_back() {
    let (world, registry) = two_variants().await;
    let marketing = |n| ContentRecord { category: "MARKETING".to_owned(), ..record(n, "approved") };
    let changes = walked(&world, &[marketing(1), marketing(2)]).await;
    assert_eq!(changes, ["category UTILITY to MARKETING", "category UTILITY to MARKETING"]);
    registry.refresh().await.unwrap();
    assert_eq!(chosen(&registry, "1042", day(29)), None);
    map(&world, Variant::B, 2).await;
    registry.refresh().await.unwrap();
    assert_eq!(chosen(&registry, "1042", day(29)), Some(sid(2)));
    walked(&world, &[record(1, "approved"), record(2, "approved")]).await;
    registry.refresh().await.unwrap();
    assert_eq!(chosen(&registry, "1042", day(29)), Some(sid(1)));
    world.end().await;
}

#[tokio::test]
async fn callers_wait_for_the_first_look() {
    let world = World::create().await;
    let registry = Registry::new(world.pool.clone());
    let early = tokio::time::timeout(Duration::from_millis(20), registry.loaded()).await;
    assert!(early.is_err());
    registry.refresh().await.unwrap();
    registry.loaded().await;
    world.end().await;
}
