//! Every door against every state of a welcome, and the order of a stop and a claim.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use shared::{
    consent::{
        Door, EntryKey, NewEntry, Person, Source,
        doors::{self, Effect},
        ledger,
    },
    domain::{AttemptOutcome, Consent, ConsentAction, ConsentChannel, Purpose, UserId},
    phone::E164,
};
use sqlx::{Executor, PgPool};

use crate::{
    facts::Facts,
    store::{
        batch::Statement,
        claim::ClaimResult,
        ended::Ended,
        fixtures::{ended, facts_at},
        record::{NewState, Record, Written},
        staff_acts::{self, Acted, StaffAct, Target},
        world::World,
    },
};

pub(super) const STAFF: Door<'static> =
    Door { source: Source::Staff, actor: "maya", reason: "test", action: Some("test") };
pub(super) const PORTAL: Door<'static> =
    Door { source: Source::Event, actor: "portal", reason: "test", action: None };
pub(super) const NUMBER: u32 = 7;

/// A way to stop messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    StopOfUser,
    StopOfNumber,
    Withdrawal,
    Loss,
    LossOfNumber,
    WrongNumber,
    Tips,
    /// A form of the dashboard, about a stored user.
    Dashboard(StaffAct),
}

impl Way {
    const ALL: [Self; 11] = [
        Self::StopOfUser,
        Self::StopOfNumber,
        Self::Withdrawal,
        Self::Loss,
        Self::LossOfNumber,
        Self::WrongNumber,
        Self::Tips,
        Self::Dashboard(StaffAct::Stop),
        Self::Dashboard(StaffAct::StopTips),
        Self::Dashboard(StaffAct::WrongNumber),
        Self::Dashboard(StaffAct::Loss),
    ];

    async fn go(self, pool: &PgPool, user: &UserId, number: &E164) -> Effect {
        let (of_user, of_number) = (Person::User(user), Person::Number(number));
        match self {
            Self::StopOfUser => doors::stop(pool, of_user, &STAFF).await,
            Self::StopOfNumber => doors::stop(pool, of_number, &STAFF).await,
            Self::Withdrawal => {
                let entries = [said(Purpose::Onboarding, ConsentAction::Withdraw, Utc::now())];
                doors::consents(pool, of_user, &entries, &PORTAL).await
            }
            Self::Loss => doors::loss(pool, of_user, &PORTAL).await,
            Self::LossOfNumber => doors::loss(pool, of_number, &STAFF).await,
            Self::WrongNumber => doors::wrong_number(pool, of_number, &STAFF).await,
            Self::Tips => doors::stop_tips(pool, of_user, &STAFF).await,
            Self::Dashboard(act) => {
                let target = Target::User(user.as_str());
                match staff_acts::carry_out(pool, target, act, "maya", "test").await.unwrap() {
                    Acted::Effect(effect) => Ok(effect),
                    other => panic!("{self:?}: {other:?}"),
                }
            }
        }
        .unwrap()
    }

    /// The welcome goes its way.
    fn is_about_tips(self) -> bool {
        matches!(self, Self::Tips | Self::Dashboard(StaffAct::StopTips))
    }

    fn rejects_the_number(self) -> bool {
        matches!(self, Self::WrongNumber | Self::Dashboard(StaffAct::WrongNumber))
    }

    /// The dashboard has pages of stored users alone.
    fn is_open_at(self, stage: Stage) -> bool {
        stage != Stage::Unseen || !matches!(self, Self::Dashboard(_))
    }
}

/// How far a welcome is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Unseen,
    Queued,
    WaitingForRetry,
    HeldByBreaker,
    Claimed,
    Unknown,
    Accepted,
}

impl Stage {
    const ALL: [Self; 7] = [
        Self::Unseen,
        Self::Queued,
        Self::WaitingForRetry,
        Self::HeldByBreaker,
        Self::Claimed,
        Self::Unknown,
        Self::Accepted,
    ];

    fn is_claimed(self) -> bool {
        matches!(self, Self::Claimed | Self::Unknown | Self::Accepted)
    }

    async fn reach(self, world: &World, facts: &std::sync::Arc<Facts>) {
        match self {
            Self::Unseen => {}
            Self::Queued => record(world, facts, None, None).await,
            Self::WaitingForRetry => record(world, facts, Some("path_fault"), Some(3600)).await,
            Self::HeldByBreaker => record(world, facts, Some("breaker_open"), Some(0)).await,
            Self::Claimed => assert_eq!(world.claim(facts).await.1, ClaimResult::Yes),
            Self::Unknown => drop(world.unknown(facts).await),
            Self::Accepted => {
                let (request, granted) = world.claim(facts).await;
                assert_eq!(granted, ClaimResult::Yes);
                world.ends(Ended { outcome: AttemptOutcome::Accepted, ..ended(&request, true) }).await;
            }
        }
    }
}

pub(super) async fn record(
    world: &World,
    facts: &std::sync::Arc<Facts>,
    reason: Option<&str>,
    again_in: Option<u64>,
) {
    let reason = reason.map(|word| word.parse().unwrap());
    let mut state = NewState::plain(facts.clone(), shared::domain::UserState::Received, reason);
    state.again_in = again_in.map(Duration::from_secs);
    let _ = Record { pool: world.pool.clone(), erasure: None }.run(&[state]).await.unwrap();
}

pub(super) fn said(purpose: Purpose, action: ConsentAction, at: DateTime<Utc>) -> NewEntry {
    let consent = Consent { at: Some(at), ..Consent::new(purpose, ConsentChannel::Any, action) };
    NewEntry { key: EntryKey::random(), consent }
}

pub(super) fn number(n: u32) -> E164 {
    E164::parse(&format!("+977984{n:07}")).unwrap()
}

async fn status(world: &World, user: &str) -> String {
    let sql = "SELECT concat_ws(' ', state, coalesce(reason, '-'), welcome_status) FROM onboarding_status
               WHERE user_id = $1";
    sqlx::query_scalar(sql).bind(user).fetch_one(&world.pool).await.unwrap()
}

#[tokio::test]
async fn no_claim_passes_any_door_and_views_do_not_tell_a_loss_from_a_stop() {
    let world = World::create().await;
    let every = Way::ALL.into_iter().flat_map(|way| Stage::ALL.map(|stage| (way, stage)));
    let every = every.filter(|(way, stage)| way.is_open_at(*stage));
    for (n, (way, stage)) in (100..).zip(every) {
        let (name, number) = (format!("u{n}"), number(n));
        let user = UserId::parse(&name).unwrap();
        stage.reach(&world, &facts_at(&name, n, Utc::now())).await;
        let claims = format!("SELECT count(*) FROM attempts WHERE user_id = '{name}'");
        let before = world.count(&claims).await;
        assert_eq!(way.go(&world.pool, &user, &number).await, Effect::Done, "{way:?} {stage:?}");
        assert_eq!(way.go(&world.pool, &user, &number).await, again(way), "{way:?} {stage:?}");
        let later = facts_at(&name, n, Utc::now() + TimeDelta::seconds(1));
        let (_, granted) = world.claim(&later).await;
        let told = status(&world, &name).await;
        let expected = match (way, stage.is_claimed()) {
            (way, false) if way.is_about_tips() => (ClaimResult::Yes, "registered - sending"),
            (way, true) if way.rejects_the_number() => (ClaimResult::Hers, "rejected wrong_number not_sent"),
            (_, true) => (ClaimResult::Hers, told.as_str()),
            (way, false) if way.rejects_the_number() => {
                (ClaimResult::Suppressed, "rejected wrong_number not_sent")
            }
            (_, false) => (ClaimResult::Suppressed, "suppressed opted_out skipped"),
        };
        assert_eq!((granted, told.as_str()), expected, "{way:?} {stage:?}");
        assert!(told.starts_with("registered") || granted != ClaimResult::Yes, "{way:?} {stage:?}: {told}");
        let after = before + i64::from(granted == ClaimResult::Yes);
        assert_eq!(world.count(&claims).await, after, "{way:?} {stage:?}");
    }
    world.end().await;
}

/// Events that carry their own identity are entered again with another one.
fn again(way: Way) -> Effect {
    if way == Way::Withdrawal { Effect::Done } else { Effect::Already }
}

#[tokio::test]
async fn the_newest_word_decides_and_of_two_of_one_time_the_withdrawal() {
    let world = World::create().await;
    let user = UserId::parse("ama").unwrap();
    record(&world, &facts_at("ama", NUMBER, Utc::now()), None, None).await;
    let at = |minutes: i64| Utc::now() - TimeDelta::minutes(60 - minutes);
    let (grant, withdraw) = (ConsentAction::Grant, ConsentAction::Withdraw);
    let tips = async |entries: &[NewEntry]| {
        doors::consents(&world.pool, Person::User(&user), entries, &PORTAL).await.unwrap();
        let rows = ledger::effective(&world.pool, "ama").await.unwrap();
        rows.iter().map(|row| format!("{} {}", row.channel, row.granted)).collect::<Vec<_>>()
    };
    assert_eq!(tips(&[said(Purpose::Tips, withdraw, at(10))]).await, ["sms false", "whatsapp false"]);
    assert_eq!(tips(&[said(Purpose::Tips, grant, at(5))]).await, ["sms false", "whatsapp false"], "older");
    let same = at(20);
    assert_eq!(tips(&[said(Purpose::Tips, grant, same)]).await, ["sms true", "whatsapp true"]);
    assert_eq!(tips(&[said(Purpose::Tips, withdraw, same)]).await, ["sms false", "whatsapp false"], "a tie");
    let mut one = said(Purpose::Tips, grant, at(30));
    one.consent.channel = ConsentChannel::Whatsapp;
    assert_eq!(tips(&[one.clone()]).await, ["sms false", "whatsapp true"]);
    let rows = world.count("SELECT count(*) FROM consent_ledger").await;
    assert_eq!(tips(&[one]).await, ["sms false", "whatsapp true"]);
    assert_eq!(world.count("SELECT count(*) FROM consent_ledger").await, rows, "a redelivery adds nothing");
    let future = said(Purpose::Tips, withdraw, Utc::now() + TimeDelta::days(400));
    assert_eq!(tips(&[future]).await, ["sms false", "whatsapp false"]);
    let ahead = world.count("SELECT count(*) FROM consent_ledger WHERE said_at > now()").await;
    assert_eq!(ahead, 0, "a time in the future is the time of receipt");
    world.end().await;
}

#[tokio::test]
async fn the_ledger_refuses_changes() {
    let world = World::create().await;
    doors::stop(&world.pool, Person::Number(&number(NUMBER)), &STAFF).await.unwrap();
    for sql in [
        "UPDATE consent_ledger SET action = 'grant'",
        "DELETE FROM consent_ledger",
        "TRUNCATE consent_ledger",
    ] {
        assert!(world.pool.execute(sql).await.is_err(), "{sql}");
    }
    world.end().await;
}

#[tokio::test]
async fn a_stop_before_the_user_is_known_holds_and_a_later_wish_lifts_it() {
    let world = World::create().await;
    let user = UserId::parse("ama").unwrap();
    let facts = facts_at("ama", NUMBER, Utc::now());
    doors::stop(&world.pool, Person::User(&user), &PORTAL).await.unwrap();
    assert_eq!(world.claim(&facts).await.1, ClaimResult::Suppressed);
    assert_eq!(status(&world, "ama").await, "suppressed opted_out skipped");
    let grant = [said(Purpose::Onboarding, ConsentAction::Grant, Utc::now())];
    doors::consents(&world.pool, Person::User(&user), &grant, &PORTAL).await.unwrap();
    assert_eq!(world.user("ama").await, "received - due -");
    assert_eq!(world.claim(&facts_at("ama", NUMBER, Utc::now())).await.1, ClaimResult::Yes);
    world.end().await;
}

#[tokio::test]
async fn lifting_a_stop_grants_only_what_was_granted_before() {
    let world = World::create().await;
    let user = UserId::parse("ama").unwrap();
    let facts = facts_at("ama", NUMBER, Utc::now());
    Stage::Accepted.reach(&world, &facts).await;
    let grant = [said(Purpose::Tips, ConsentAction::Grant, Utc::now() - TimeDelta::minutes(1))];
    doors::consents(&world.pool, Person::User(&user), &grant, &PORTAL).await.unwrap();
    doors::stop(&world.pool, Person::Number(&number(NUMBER)), &STAFF).await.unwrap();
    assert_eq!(
        doors::lift(&world.pool, Person::Number(&number(NUMBER)), &STAFF).await.unwrap(),
        Effect::Done
    );
    let rows = ledger::effective(&world.pool, "ama").await.unwrap();
    let granted = |purpose: &str| rows.iter().any(|r| r.purpose == purpose && r.granted);
    assert!(granted("onboarding") && granted("tips") && !granted("support_after_loss"), "{rows:?}");
    assert_eq!(
        doors::lift(&world.pool, Person::Number(&number(NUMBER)), &STAFF).await.unwrap(),
        Effect::Already
    );
    world.end().await;
}

#[tokio::test]
async fn taking_back_a_wrong_number_enqueues_every_user_whom_it_rejected() {
    let world = World::create().await;
    let (request, granted) = world.claim(&facts_at("ama", NUMBER, Utc::now())).await;
    assert_eq!(granted, ClaimResult::Yes);
    world.ends(Ended { outcome: AttemptOutcome::Accepted, ..ended(&request, true) }).await;
    assert_eq!(world.link(&facts_at("sister", NUMBER, Utc::now()), &request).await, Written::Yes);
    let number = number(NUMBER);
    doors::wrong_number(&world.pool, Person::Number(&number), &STAFF).await.unwrap();
    assert_eq!(world.user("sister").await, "rejected wrong_number -");
    assert_eq!(doors::lift(&world.pool, Person::Number(&number), &STAFF).await.unwrap(), Effect::Done);
    for user in ["ama", "sister"] {
        assert!(world.user(user).await.starts_with("received - due"), "{user}");
    }
    world.end().await;
}

#[tokio::test]
async fn a_suppression_of_the_release_before_enters_the_ledger_with_its_time() {
    let world = World::create().await;
    let sql = "INSERT INTO suppressions (phone_e164, source, actor, reason, created_at)
               VALUES ('+9779840000007', 'import', 'old', 'test', now() - interval '1 day')";
    world.pool.execute(sql).await.unwrap();
    record(&world, &facts_at("ama", NUMBER, Utc::now()), None, None).await;
    let user = UserId::parse("ama").unwrap();
    let older = [said(Purpose::Onboarding, ConsentAction::Grant, Utc::now() - TimeDelta::days(2))];
    doors::consents(&world.pool, Person::User(&user), &older, &PORTAL).await.unwrap();
    assert_eq!(world.claim(&facts_at("ama", NUMBER, Utc::now())).await.1, ClaimResult::Suppressed);
    let newer = [said(Purpose::Onboarding, ConsentAction::Grant, Utc::now())];
    doors::consents(&world.pool, Person::User(&user), &newer, &PORTAL).await.unwrap();
    assert_eq!(world.claim(&facts_at("ama", NUMBER, Utc::now())).await.1, ClaimResult::Yes);
    world.end().await;
}

#[tokio::test]
async fn a_stop_of_a_former_number_leaves_the_welcome_to_the_present_one() {
    let world = World::create().await;
    let hour = TimeDelta::hours(1);
    let (request, granted) = world.claim(&facts_at("ama", NUMBER, Utc::now() - hour)).await;
    assert_eq!(granted, ClaimResult::Yes);
    world.ends(Ended { outcome: AttemptOutcome::Accepted, ..ended(&request, true) }).await;
    let moved = facts_at("ama", 8, Utc::now());
    record(&world, &moved, None, Some(60)).await;
    for way in [
        doors::wrong_number(&world.pool, Person::Number(&number(NUMBER)), &STAFF).await,
        doors::stop(&world.pool, Person::Number(&number(NUMBER)), &STAFF).await,
    ] {
        way.unwrap();
        assert!(world.user("ama").await.starts_with("received"), "{}", world.user("ama").await);
    }
    assert_eq!(world.claim(&moved).await.1, ClaimResult::Yes);
    world.end().await;
}

#[tokio::test]
async fn whoever_withdraws_the_welcome_on_every_channel_stops_everything() {
    let world = World::create().await;
    let facts = facts_at("ama", NUMBER, Utc::now());
    record(&world, &facts, None, None).await;
    let user = UserId::parse("ama").unwrap();
    let tips = NewEntry {
        key: EntryKey::of_event("e0", 0),
        consent: Consent::new(Purpose::Tips, ConsentChannel::Any, ConsentAction::Grant),
    };
    doors::consents(&world.pool, Person::User(&user), &[tips], &PORTAL).await.unwrap();
    let stop = [NewEntry {
        key: EntryKey::of_event("e1", 0),
        consent: Consent::new(Purpose::Onboarding, ConsentChannel::Any, ConsentAction::Withdraw),
    }];
    for _ in 0..2 {
        doors::consents(&world.pool, Person::User(&user), &stop, &PORTAL).await.unwrap();
        let effective = ledger::effective(&world.pool, "ama").await.unwrap();
        // Nothing of support after a loss, which was never agreed to: it would tell a stop from a loss.
        assert!(effective.len() == 4 && effective.iter().all(|one| !one.granted), "{effective:?}");
        assert_eq!(world.count("SELECT count(*) FROM consent_ledger").await, 4);
    }
    world.end().await;
}
