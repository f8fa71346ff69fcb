use chrono::{DateTime, Utc};
use secrecy::SecretString;
use shared::{domain::UserId, lane::Lane, templates::Language};
use uuid::Uuid;

use super::*;
use crate::{
    inbox::Keyring,
    store::{
        conversations::{self, Turn},
        messages,
        reply_windows::{self, Window},
        world::World,
    },
    templates::fixtures,
};

pub(super) const NUMBER: &str = "+9779840000007";
const OURS: &str = "+14155238886";
pub(super) const SID: &str = "SM00000000000000000000000000000001";
pub(super) const MAYA: Staff<'_> = Staff { actor: "maya", reason: "asked about fever" };

pub(super) struct Site {
    pub(super) world: World,
    keys: Keyring,
}

impl Site {
    pub(super) async fn open() -> Self {
        let keys = Keyring::parse(&SecretString::from("00".repeat(32)), "inbox").unwrap();
        Self { world: World::create().await, keys }
    }

    fn desk(&self) -> Desk<'_> {
        Desk { pool: &self.world.pool, keys: &self.keys, help_line: Some("1115"), language: Language::En }
    }

    /// A message of a person with this age in hours, and its conversation.
    pub(super) async fn written(&self, phone: Option<&str>, external_id: Option<&str>, hours: i32) -> Uuid {
        let mut tx = self.world.pool.begin().await.unwrap();
        let turn = Turn {
            channel: "whatsapp",
            recipient: OURS,
            phone_e164: phone,
            external_id,
            class: "danger",
            urgency: 2,
        };
        let id = conversations::add(&mut tx, &turn).await.unwrap();
        let at: DateTime<Utc> = sqlx::query_scalar("SELECT calendar_now() - make_interval(hours => $1)")
            .bind(hours)
            .fetch_one(&mut *tx)
            .await
            .unwrap();
        let window = Window { person: phone.or(external_id).unwrap(), channel: "whatsapp", recipient: OURS };
        reply_windows::open(&mut tx, &window, at).await.unwrap();
        let body = self.keys.seal(SID, "ज्वरो आयो".as_bytes()).unwrap();
        let message = "INSERT INTO inbound (message_sid, channel, recipient, phone_e164, external_id, kind, body, received_at,
                                            conversation_id, class, handled_at, next_try_at)
                       VALUES ($1, 'whatsapp', $2, $3, $4, 'text', $5, $6, $7, 'danger', now(), NULL)";
        let message = sqlx::query(message).bind(SID).bind(OURS).bind(phone).bind(external_id).bind(body);
        message.bind(at).bind(id).execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    async fn turn(&self, id: Uuid) -> i32 {
        conversations::find(&self.world.pool, id).await.unwrap().unwrap().turn
    }

    async fn text(&self, sql: &str) -> String {
        sqlx::query_scalar(sql).fetch_one(&self.world.pool).await.unwrap()
    }
}

#[tokio::test]
async fn an_answer_is_a_message_of_its_own_and_its_text_is_stored_sealed() {
    let site = Site::open().await;
    let id = site.written(Some(NUMBER), None, 1).await;
    let turn = site.turn(id).await;
    site.desk().answer(id, turn, Say::Text(" Come to the clinic today. \n"), &MAYA).await.unwrap();
    let stored = site
        .text("SELECT concat_ws(' ', kind, channel, lane, slot, phone_e164, keys[1], content) FROM messages")
        .await;
    assert_eq!(stored, format!("reply whatsapp replies staff {NUMBER} inbound:{SID} turn {turn}"));
    let tables = "SELECT m::text || s::text || c::text FROM messages m, staff_answers s, conversations c";
    assert!(!site.text(tables).await.contains("clinic"));
    let due =
        messages::take_due(&site.world.pool, Lane::Replies.as_str(), 10, std::time::Duration::from_secs(9))
            .await
            .unwrap();
    let (name, sealed) = (due[0].message_id.to_string(), due[0].sealed.as_deref().unwrap());
    assert_eq!(site.keys.open(&name, sealed).unwrap(), b"Come to the clinic today.");
    let found = conversations::find(&site.world.pool, id).await.unwrap().unwrap();
    assert!(found.answered_at.is_some() && found.turn == turn + 1);
    assert_eq!(found.taken_by.as_deref(), Some("maya"));
    site.world.end().await;
}

#[tokio::test]
async fn two_people_cannot_answer_without_seeing_each_other() {
    let site = Site::open().await;
    let id = site.written(Some(NUMBER), None, 1).await;
    let turn = site.turn(id).await;
    let (desk, ram) = (site.desk(), Staff { actor: "ram", ..MAYA });
    desk.answer(id, turn, Say::Text("Come today."), &MAYA).await.unwrap();
    let second = desk.answer(id, turn, Say::Text("Come tomorrow."), &ram).await;
    assert!(matches!(second, Err(CareError::Changed)), "{second:?}");
    let taken = take(&site.world.pool, id, turn, &ram).await;
    assert!(matches!(taken, Err(CareError::Changed)), "{taken:?}");
    assert_eq!(site.world.count("SELECT count(*) FROM messages").await, 1);
    take(&site.world.pool, id, turn + 1, &ram).await.unwrap();
    desk.answer(id, turn + 2, Say::Text("And bring your card."), &ram).await.unwrap();
    let audit = "SELECT string_agg(actor || ' ' || action, ', ' ORDER BY at) FROM audit_log WHERE action LIKE 'inbox%'";
    assert_eq!(site.text(audit).await, "maya inbox reply, ram inbox take, ram inbox reply");
    site.world.end().await;
}

#[tokio::test]
async fn long_after_the_last_message_only_the_handoff_template_is_sent() {
    let site = Site::open().await;
    let id = site.written(Some(NUMBER), None, 24).await;
    let desk = site.desk();
    let late = desk.answer(id, 0, Say::Text("Come today."), &MAYA).await;
    assert!(matches!(late, Err(CareError::WindowClosed)), "{late:?}");
    let none = desk.answer(id, 0, Say::Handoff, &MAYA).await;
    assert!(matches!(none, Err(CareError::NoTemplate)), "{none:?}");
    assert_eq!(site.world.count("SELECT count(*) FROM messages").await, 0);
    let sid = fixtures::sid(1);
    let content = "INSERT INTO contents (content_sid, friendly_name, template_language, category, status, rejection_reason,
                                         placeholders, body, seen_at, changed_at)
                   VALUES ($1, 'handoff', 'en', 'UTILITY', 'approved', '', '{1}', 'Call {{1}}', now(), now())";
    sqlx::query(content).bind(&sid).execute(&site.world.pool).await.unwrap();
    let mapping = "INSERT INTO templates (kind, slot, language, channel, variant, content_sid, template_language, category,
                                          variables, actor, reason)
                   VALUES ('reply', 'handoff', 'en', 'whatsapp', 'a', $1, 'en', 'UTILITY', '{\"1\": \"help_line\"}', 'x', 'x')";
    sqlx::query(mapping).bind(&sid).execute(&site.world.pool).await.unwrap();
    desk.answer(id, 0, Say::Handoff, &MAYA).await.unwrap();
    let stored = site
        .text(
            "SELECT slot || ' ' || keys[1] || ' ' || (content->'template'->'variables')::text FROM messages",
        )
        .await;
    assert_eq!(stored, format!("handoff conversation:{id} turn 0 {{\"1\": \"1115\"}}"));
    site.world.end().await;
}

#[tokio::test]
async fn a_person_without_a_number_is_answered_once_linked_to_a_user() {
    let site = Site::open().await;
    let id = site.written(None, Some("NP.123"), 1).await;
    let answer = site.desk().answer(id, 0, Say::Text("Come today."), &MAYA).await;
    assert!(matches!(answer, Err(CareError::NoNumber)), "{answer:?}");
    let ama = UserId::parse("ama").unwrap();
    let unknown = link(&site.world.pool, id, &ama, &MAYA).await;
    assert!(matches!(unknown, Err(CareError::NoUser)), "{unknown:?}");
    site.world.claim(&crate::store::fixtures::facts_at("ama", 7, Utc::now())).await;
    link(&site.world.pool, id, &ama, &MAYA).await.unwrap();
    site.desk().answer(id, 1, Say::Text("Come today."), &MAYA).await.unwrap();
    let stored = site.text("SELECT concat_ws(' ', user_id, phone_e164) FROM messages").await;
    assert_eq!(stored, format!("ama {NUMBER}"));
    assert_eq!(site.text("SELECT phone_e164 FROM inbound").await, NUMBER, "the next message is hers as well");
    site.world.end().await;
}

#[tokio::test]
async fn two_open_conversations_do_not_become_one() {
    let site = Site::open().await;
    site.world.claim(&crate::store::fixtures::facts_at("ama", 7, Utc::now())).await;
    let unnamed = site.written(None, Some("NP.123"), 1).await;
    let mut tx = site.world.pool.begin().await.unwrap();
    let turn = Turn {
        channel: "whatsapp",
        recipient: OURS,
        phone_e164: Some(NUMBER),
        external_id: None,
        class: "other",
        urgency: 0,
    };
    let open = conversations::add(&mut tx, &turn).await.unwrap();
    tx.commit().await.unwrap();
    let ama = UserId::parse("ama").unwrap();
    let linked = link(&site.world.pool, unnamed, &ama, &MAYA).await;
    assert!(matches!(linked, Err(CareError::TwoOpen)), "{linked:?}");
    close(&site.world.pool, open, &MAYA).await.unwrap();
    let closed = close(&site.world.pool, open, &MAYA).await;
    assert!(matches!(closed, Err(CareError::Closed)), "{closed:?}");
    link(&site.world.pool, unnamed, &ama, &MAYA).await.unwrap();
    site.world.end().await;
}

#[tokio::test]
async fn both_directions_are_shown_in_order_and_the_look_at_texts_is_audited() {
    let site = Site::open().await;
    let id = site.written(Some(NUMBER), None, 1).await;
    site.desk().answer(id, 0, Say::Text("Come today."), &MAYA).await.unwrap();
    let plain = outline(&site.world.pool, id).await.unwrap();
    assert!(plain.iter().all(|line| line.text.is_none()));
    assert_eq!(site.world.count("SELECT count(*) FROM audit_log WHERE action LIKE 'inbox show%'").await, 0);
    let lines = site.desk().reveal(id, &MAYA).await.unwrap();
    let shown: Vec<_> =
        lines.iter().map(|line| (line.direction, line.text.as_deref(), line.by.as_deref())).collect();
    let answered = (Direction::Out, Some("Come today."), Some("maya"));
    assert_eq!(shown, [(Direction::In, Some("ज्वरो आयो"), None), answered]);
    assert_eq!(lines[1].state.as_deref(), Some("waiting"));
    assert_eq!(
        site.world.count("SELECT count(*) FROM audit_log WHERE action = 'inbox show --reveal'").await,
        1
    );
    let missing = outline(&site.world.pool, Uuid::nil()).await.map(drop);
    assert!(matches!(missing, Err(CareError::Missing)), "{missing:?}");
    site.world.end().await;
}

#[tokio::test]
async fn a_text_that_cannot_be_sent_is_refused() {
    let site = Site::open().await;
    let id = site.written(Some(NUMBER), None, 1).await;
    for (text, why) in [("  \n", "empty"), ("a\0b", "NUL"), (&"a".repeat(LONGEST_ANSWER + 1), "shorten")] {
        match site.desk().answer(id, 0, Say::Text(text), &MAYA).await {
            Err(CareError::Text(said)) => assert!(said.contains(why), "{said}"),
            other => panic!("{other:?}"),
        }
    }
    site.desk().answer(id, 0, Say::Text(&"a".repeat(LONGEST_ANSWER)), &MAYA).await.unwrap();
    site.world.end().await;
}
