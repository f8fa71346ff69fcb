use chrono::Utc;
use secrecy::SecretString;
use shared::domain::Channel;

use super::*;
use crate::{
    inbox::{Author, Incoming, MessageType},
    store::{claim::ClaimResult, fixtures::facts_at, world::World},
    twilio::{MessageSid, stand_in::StandIn},
};

/// The number of the only user.
const NUMBER: &str = "+9779840000007";
const STRANGER: &str = "+9779840000099";

struct Site {
    world: World,
    inbox: Inbox,
    _twilio: StandIn,
    written: u32,
}

impl Site {
    async fn open() -> Self {
        let world = World::create().await;
        assert_eq!(world.claim(&facts_at("ama", 7, Utc::now())).await.1, ClaimResult::Yes);
        let twilio = StandIn::start().await;
        let inbox = Inbox {
            pool: world.pool.clone(),
            client: twilio.client(),
            keys: keys("00"),
            language: Language::En,
            help_line: Some("01-4200000".to_owned()),
            replies_per_hour: 3,
            staff: StaffHours { hours: Window::Always, called: false, calendar: Calendar::default() },
        };
        Self { world, inbox, _twilio: twilio, written: 0 }
    }

    /// Stores a message without handling it.
    async fn receive(&mut self, author: Author, text: &str, payload: Option<&str>) -> String {
        self.written += 1;
        let incoming = Incoming {
            sid: MessageSid::parse(&format!("SM{:032}", self.written)).unwrap(),
            channel: Channel::Whatsapp,
            to: "+14155238886".to_owned(),
            author,
            kind: MessageType::Text,
            payload: payload.map(str::to_owned),
            answers: None,
            media: 0,
            body: text.to_owned(),
        };
        let body = self.inbox.keys.sealed(&incoming).unwrap();
        assert!(inbound::store(&self.world.pool, &incoming, body.as_deref()).await.unwrap());
        incoming.sid.to_string()
    }

    /// What a message of a number leads to: its class, the automatic answer, and whether a person reads it.
    async fn says(&mut self, number: &str, text: &str) -> String {
        let earlier = "UPDATE inbound SET received_at = received_at - interval '3 minutes'";
        sqlx::query(earlier).execute(&self.world.pool).await.unwrap();
        self.says_at_once(number, text).await
    }

    /// The same, within the time in which messages may swap places.
    async fn says_at_once(&mut self, number: &str, text: &str) -> String {
        let author = Author::Number(E164::parse(number).unwrap());
        let sid = self.receive(author, text, None).await;
        self.inbox.step().await.unwrap();
        self.told(&sid).await
    }

    async fn told(&self, sid: &str) -> String {
        let told = "SELECT concat_ws(' ', i.class, coalesce(i.reply, '-'), c.class || c.urgency)
                    FROM inbound i LEFT JOIN conversations c USING (conversation_id) WHERE i.message_sid = $1";
        sqlx::query_scalar(told).bind(sid).fetch_one(&self.world.pool).await.unwrap()
    }

    async fn stopped(&self) -> bool {
        self.world.count("SELECT count(*) FROM suppressions WHERE lifted_at IS NULL").await > 0
    }
}

fn keys(byte: &str) -> Keyring {
    Keyring::parse(&SecretString::from(byte.repeat(32)), "inbox").unwrap()
}

#[tokio::test]
async fn a_stop_stops_and_is_confirmed_once_and_a_start_starts_again() {
    let mut site = Site::open().await;
    assert_eq!(site.says(NUMBER, "बन्द").await, "stop stopped");
    assert!(site.stopped().await);
    assert_eq!(site.says(NUMBER, "STOP").await, "stop -");
    assert_eq!(site.says(NUMBER, "start").await, "start started");
    assert!(!site.stopped().await);
    let sources = "SELECT count(*) FROM consent_ledger WHERE source <> 'inbound'";
    assert_eq!(site.world.count(sources).await, 0);
    let replies =
        "SELECT string_agg(concat_ws(' ', slot, language, keys[1]), ', ' ORDER BY created_at) FROM messages
                   WHERE kind = 'reply' AND lane = 'replies' AND user_id = 'ama' AND state = 'waiting'";
    let replies: String = sqlx::query_scalar(replies).fetch_one(&site.world.pool).await.unwrap();
    let sid = |n: u32| format!("inbound:SM{n:032}");
    assert_eq!(replies, format!("stopped ne {}, started en {}", sid(1), sid(3)));
    site.world.end().await;
}

#[tokio::test]
async fn of_a_stop_and_a_start_that_come_together_the_stop_holds_if_twilio_does_not_know() {
    let mut site = Site::open().await;
    assert_eq!(site.says(NUMBER, "stop").await, "stop stopped");
    assert_eq!(site.says_at_once(NUMBER, "start").await, "start - start0", "a person looks at it");
    assert!(site.stopped().await);
    site.world.end().await;
}

#[tokio::test]
async fn the_message_that_was_written_last_decides_in_whatever_order_they_are_handled() {
    let mut site = Site::open().await;
    let author = || Author::Number(E164::parse(NUMBER).unwrap());
    let older = async |site: &Site, sid: &str, minutes: i32| {
        let sql = "UPDATE inbound SET received_at = calendar_now() - make_interval(mins => $2) WHERE message_sid = $1";
        sqlx::query(sql).bind(sid).bind(minutes).execute(&site.world.pool).await.unwrap();
    };
    assert_eq!(site.says(NUMBER, "stop").await, "stop stopped");
    let late = site.receive(author(), "start", None).await;
    older(&site, &late, 10).await;
    site.inbox.step().await.unwrap();
    assert!(site.stopped().await, "the stop was written later");
    assert_eq!(site.told(&late).await, "start - start0", "a person looks at it");
    assert_eq!(site.says(NUMBER, "start").await, "start -", "a conversation is open");
    assert!(!site.stopped().await);
    let late = site.receive(author(), "stop", None).await;
    older(&site, &late, 5).await;
    site.inbox.step().await.unwrap();
    assert!(!site.stopped().await, "the start was written later");
    assert_eq!(site.told(&late).await, "stop -", "nothing is confirmed");
    site.world.end().await;
}

#[tokio::test]
async fn what_the_lists_do_not_settle_is_read_by_a_person() {
    let mut site = Site::open().await;
    assert_eq!(site.says(NUMBER, "may I eat cabbage?").await, "other received other0");
    assert_eq!(site.says(NUMBER, "and fish?").await, "other - other0", "a person answers");
    assert_eq!(site.says(NUMBER, "रगत रोकिएन").await, "danger urgent danger2");
    assert_eq!(site.says(NUMBER, "please don't stop").await, "maybe_stop - danger2", "it stays urgent");
    assert!(!site.stopped().await);
    assert_eq!(site.world.count("SELECT count(*) FROM conversations").await, 1);
    let view =
        "SELECT count(*) FROM inbox WHERE urgent AND user_id = 'ama' AND window_open_until > calendar_now()";
    assert_eq!(site.world.count(view).await, 1);
    site.world.end().await;
}

#[tokio::test]
async fn a_loss_silences_at_once_and_a_fear_of_one_does_not() {
    let mut site = Site::open().await;
    assert_eq!(
        site.says(NUMBER, "I am afraid of a miscarriage").await,
        "loss_mentioned loss loss_mentioned1"
    );
    assert!(!site.stopped().await);
    assert_eq!(site.says(NUMBER, "miscarriage").await, "loss loss loss_mentioned1");
    assert!(site.stopped().await);
    assert_eq!(site.says(NUMBER, "start").await, "start - loss_mentioned1", "a loss is lifted by a person");
    assert!(site.stopped().await);
    assert_eq!(site.world.count("SELECT count(*) FROM staff_tasks WHERE kind = 'loss'").await, 1);
    site.world.end().await;
}

#[tokio::test]
async fn a_wrong_number_is_stopped_and_its_user_is_not() {
    let mut site = Site::open().await;
    assert_eq!(site.says(NUMBER, "wrong number").await, "wrong_number wrong_number");
    assert!(site.stopped().await);
    assert_eq!(site.world.user("ama").await.split(' ').next(), Some("rejected"));
    site.world.end().await;
}

#[tokio::test]
async fn a_stranger_can_stop_and_gets_one_answer_a_month() {
    let mut site = Site::open().await;
    assert_eq!(site.says(STRANGER, "who is this?").await, "other received other0");
    assert_eq!(site.says(STRANGER, "help").await, "help -");
    assert_eq!(site.says(STRANGER, "stop").await, "stop -");
    assert_eq!(site.world.count("SELECT count(*) FROM suppressions").await, 1);
    site.world.end().await;
}

#[tokio::test]
async fn answers_to_a_machine_end() {
    let mut site = Site::open().await;
    for expected in ["help help", "help help", "help -", "help -"] {
        assert_eq!(site.says(NUMBER, "help").await, expected, "the same text");
    }
    site.world.end().await;
}

#[tokio::test]
async fn a_person_without_a_number_is_known_by_the_number_that_came_with_the_id_before() {
    let mut site = Site::open().await;
    let id = "NP.1234567890".to_owned();
    let alone = site.receive(Author::ExternalId(id.clone()), "stop", None).await;
    site.inbox.step().await.unwrap();
    assert_eq!(site.told(&alone).await, "stop - stop0", "a person has to find out whom it is about");
    let both = Author::Both(E164::parse(NUMBER).unwrap(), id.clone());
    site.receive(both, "help", None).await;
    site.receive(Author::ExternalId(id), "रोक", Some("stop")).await;
    site.inbox.step().await.unwrap();
    assert!(site.stopped().await);
    site.world.end().await;
}

#[tokio::test]
async fn two_workers_and_a_crash_change_nothing_twice() {
    let mut site = Site::open().await;
    let author = || Author::Number(E164::parse(NUMBER).unwrap());
    let sid = site.receive(author(), "stop", None).await;
    let taken = inbound::take_due(&site.world.pool, 10, Duration::ZERO).await.unwrap();
    site.inbox.step().await.unwrap();
    // The other worker took it as well, and comes later.
    site.inbox.handle(&taken[0]).await.unwrap();
    assert_eq!(site.told(&sid).await, "stop stopped");
    assert_eq!(site.world.count("SELECT count(*) FROM messages WHERE kind = 'reply'").await, 1);
    assert_eq!(site.world.count("SELECT count(*) FROM suppressions").await, 1);
    site.world.end().await;
}

#[tokio::test]
async fn a_text_whose_key_is_missing_waits_for_the_key_and_holds_up_no_other() {
    let mut site = Site::open().await;
    let lost = std::mem::replace(&mut site.inbox.keys, keys("11"));
    let author = || Author::Number(E164::parse(STRANGER).unwrap());
    let unreadable = site.receive(author(), "stop", None).await;
    site.inbox.keys = lost;
    assert_eq!(site.says(NUMBER, "help").await, "help help");
    assert_eq!(site.told(&unreadable).await, "-", "not handled");
    site.inbox.keys =
        Keyring::parse(&format!("{},{}", "00".repeat(32), "11".repeat(32)).into(), "inbox").unwrap();
    sqlx::query("UPDATE inbound SET next_try_at = now() WHERE handled_at IS NULL")
        .execute(&site.world.pool)
        .await
        .unwrap();
    site.inbox.step().await.unwrap();
    assert_eq!(site.told(&unreadable).await, "stop stopped");
    site.world.end().await;
}
