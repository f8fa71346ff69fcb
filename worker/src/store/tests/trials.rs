//! The consent that staff enter for one message: it is entered where nothing was said, and overrides no wish.

use shared::{
    consent::{
        EntryKey, NewEntry, Person,
        doors::{self, Effect},
    },
    domain::{Channel, Consent, ConsentAction, ConsentChannel, Purpose, UserId},
};

use super::doors::{NUMBER, STAFF, number};
use crate::store::world::World;

const ENTRIES: &str = "SELECT count(*) FROM consent_ledger";
const AGREED: &str =
    "SELECT count(*) FROM channel_grants WHERE channel = 'whatsapp' AND purposes = '{onboarding}'";

async fn grant(world: &World, channel: Channel) -> Effect {
    let user = UserId::parse("register-1").unwrap();
    doors::grant_welcome(&world.pool, &user, &number(NUMBER), channel, &STAFF).await.unwrap()
}

#[tokio::test]
async fn a_consent_that_staff_were_given_is_entered_once_and_audited() {
    let world = World::create().await;
    assert_eq!(grant(&world, Channel::Whatsapp).await, Effect::Done);
    assert_eq!(grant(&world, Channel::Whatsapp).await, Effect::Already);
    assert_eq!((world.count(ENTRIES).await, world.count(AGREED).await), (1, 1));
    let noted =
        "SELECT count(*) FROM audit_log WHERE actor = 'maya' AND action = 'test' AND subject LIKE 'person %'";
    assert_eq!(world.count(noted).await, 1);
    assert_eq!(grant(&world, Channel::Sms).await, Effect::Done, "each channel has a consent of its own");
    world.end().await;
}

#[tokio::test]
async fn a_stop_a_loss_and_a_wrong_number_are_not_overridden() {
    let phone = number(NUMBER);
    let person = Person::Number(&phone);
    for way in ["stop", "loss", "wrong number"] {
        let world = World::create().await;
        match way {
            "stop" => doors::stop(&world.pool, person, &STAFF).await,
            "loss" => doors::loss(&world.pool, person, &STAFF).await,
            _ => doors::wrong_number(&world.pool, person, &STAFF).await,
        }
        .unwrap();
        let before = world.count(ENTRIES).await;
        for channel in Channel::ALL {
            assert_eq!(grant(&world, channel).await, Effect::Held, "{way} {channel}");
        }
        assert_eq!((world.count(ENTRIES).await, world.count(AGREED).await), (before, 0), "{way}");
        world.end().await;
    }
}

#[tokio::test]
async fn a_withdrawal_on_one_channel_holds_that_channel() {
    let (world, phone) = (World::create().await, number(NUMBER));
    let consent = Consent::new(Purpose::Onboarding, ConsentChannel::Whatsapp, ConsentAction::Withdraw);
    let entries = [NewEntry { key: EntryKey::random(), consent }];
    doors::say(&world.pool, Person::Number(&phone), &entries, &STAFF).await.unwrap();
    assert_eq!(grant(&world, Channel::Whatsapp).await, Effect::Held);
    assert_eq!(grant(&world, Channel::Sms).await, Effect::Done);
    assert_eq!(world.count(AGREED).await, 0);
    world.end().await;
}
