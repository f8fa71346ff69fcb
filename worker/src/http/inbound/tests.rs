use std::net::SocketAddr;

use reqwest::{Client, Method, StatusCode};
use secrecy::SecretString;
use tokio::{net::TcpListener, task::JoinHandle};

use super::*;
use crate::{
    http::listener::{self, Limits},
    store::world::World,
    twilio::{Sender, sign_form},
};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const URL: &str = "https://sms.example.com/webhooks";
const PATH: &str = "/twilio/inbound";
const ACCOUNT: &str = "AC00000000000000000000000000000001";

/// A webhook, and what it stored.
struct Site {
    world: World,
    address: SocketAddr,
    client: Client,
    keys: Keyring,
    serving: JoinHandle<()>,
}

impl Site {
    async fn open() -> Self {
        shared::amqp::install_crypto();
        let world = World::create().await;
        let keys = Keyring::parse(&SecretString::from("00".repeat(32)), "inbox").unwrap();
        let inbound = Inbound {
            pool: world.pool.clone(),
            signatures: Signatures::of(&[SecretString::from(TOKEN)], URL),
            keys: keys.clone(),
            ours: OurSenders {
                account: ACCOUNT.to_owned(),
                sms: Sender::From("+9779800000000".to_owned()),
                whatsapp: Some(Sender::From("whatsapp:+14155238886".to_owned())),
            },
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(listener::serve(listener, routes(inbound), Limits::USUAL));
        let client = Client::builder().no_proxy().build().unwrap();
        Self { world, address, client, keys, serving }
    }

    async fn close(self) {
        self.serving.abort();
        self.world.end().await;
    }

    async fn send(&self, fields: &[(&str, &str)]) -> StatusCode {
        let signature = sign_form(&SecretString::from(TOKEN), &format!("{URL}{PATH}"), fields).unwrap();
        let url = format!("http://{}{PATH}", self.address);
        let request = self.client.post(url).header("X-Twilio-Signature", signature).form(fields);
        request.send().await.unwrap().status()
    }

    async fn count(&self) -> i64 {
        self.world.count("SELECT count(*) FROM inbound").await
    }

    async fn text_of(&self, sid: &str) -> String {
        let body =
            sqlx::query_scalar::<_, Vec<u8>>("SELECT body FROM inbound WHERE message_sid = $1").bind(sid);
        let body = body.fetch_one(&self.world.pool).await.unwrap();
        String::from_utf8(self.keys.open(sid, &body).unwrap()).unwrap()
    }
}

fn sid(n: u32) -> String {
    format!("SM{n:032}")
}

fn text<'a>(sid: &'a str, body: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("AccountSid", ACCOUNT),
        ("ApiVersion", "2010-04-01"),
        ("Body", body),
        ("From", "whatsapp:+9779841234567"),
        ("MessageSid", sid),
        ("MessageType", "text"),
        ("NumMedia", "0"),
        ("To", "whatsapp:+14155238886"),
    ]
}

#[tokio::test]
async fn a_message_is_stored_once_and_encrypted() {
    let site = Site::open().await;
    for _ in 0..3 {
        assert_eq!(site.send(&text(&sid(1), "बन्द")).await, StatusCode::NO_CONTENT);
    }
    let twice = (sid(2), sid(2));
    let (one, two) = (text(&twice.0, "a"), text(&twice.1, "a"));
    let (one, two) = tokio::join!(site.send(&one), site.send(&two));
    assert_eq!((one, two), (StatusCode::NO_CONTENT, StatusCode::NO_CONTENT));
    assert_eq!(site.count().await, 2);
    assert_eq!(site.text_of(&sid(1)).await, "बन्द");
    let row: String = sqlx::query_scalar("SELECT row_to_json(i)::text FROM inbound i WHERE message_sid = $1")
        .bind(sid(1))
        .fetch_one(&site.world.pool)
        .await
        .unwrap();
    assert!(!row.contains("बन्द") && row.contains("+9779841234567"), "{row}");
    site.close().await;
}

#[tokio::test]
async fn any_text_is_stored_as_it_came() {
    let site = Site::open().await;
    let long = "ञ".repeat(4096);
    let bodies = ["\0", "'; DROP TABLE inbound; --", "<script>", "\u{202e}rtl", "👍", &long];
    for (n, body) in (1..).zip(bodies) {
        assert_eq!(site.send(&text(&sid(n), body)).await, StatusCode::NO_CONTENT, "{n}");
        assert_eq!(site.text_of(&sid(n)).await, body, "{n}");
    }
    assert_eq!(site.send(&text(&sid(99), "")).await, StatusCode::NO_CONTENT);
    assert_eq!(site.world.count("SELECT count(*) FROM inbound WHERE body IS NULL").await, 1);
    site.close().await;
}

#[tokio::test]
async fn only_twilio_may_deliver_and_only_to_our_senders() {
    let site = Site::open().await;
    let url = format!("http://{}{PATH}", site.address);
    let unsigned = site.client.post(&url).form(&text(&sid(1), "a")).send().await.unwrap();
    assert_eq!(unsigned.status(), StatusCode::FORBIDDEN);
    let forged = site.client.post(&url).header("X-Twilio-Signature", "AAAA").form(&text(&sid(1), "a"));
    assert_eq!(forged.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    let with = |name: &'static str, value: &'static str| {
        let mut fields = text("SM00000000000000000000000000000001", "a");
        fields.iter_mut().filter(|(field, _)| *field == name).for_each(|field| field.1 = value);
        fields
    };
    for (name, value) in [
        ("AccountSid", "AC00000000000000000000000000000002"),
        ("To", "whatsapp:+14155238887"),
        ("To", "+14155238886"),
    ] {
        assert_eq!(site.send(&with(name, value)).await, StatusCode::FORBIDDEN, "{name}");
    }
    for (name, value) in [("MessageSid", "SM1"), ("From", "whatsapp:")] {
        assert_eq!(site.send(&with(name, value)).await, StatusCode::NO_CONTENT, "{name}: of no use");
    }
    assert_eq!(site.count().await, 0);
    site.close().await;
}

#[tokio::test]
async fn other_methods_and_large_bodies_are_refused() {
    let site = Site::open().await;
    let url = format!("http://{}{PATH}", site.address);
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let answer = site.client.request(method, &url).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
    }
    let large = "a".repeat(MAX_BODY + 1);
    assert_eq!(site.send(&text(&sid(1), &large)).await, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(site.count().await, 0);
    site.close().await;
}

#[tokio::test]
async fn a_database_that_fails_is_no_reason_to_lose_a_message() {
    let site = Site::open().await;
    sqlx::query("ALTER TABLE inbound RENAME TO elsewhere").execute(&site.world.pool).await.unwrap();
    assert_eq!(site.send(&text(&sid(1), "बन्द")).await, StatusCode::SERVICE_UNAVAILABLE);
    sqlx::query("ALTER TABLE elsewhere RENAME TO inbound").execute(&site.world.pool).await.unwrap();
    assert_eq!(site.send(&text(&sid(1), "बन्द")).await, StatusCode::NO_CONTENT);
    assert_eq!(site.count().await, 1);
    site.close().await;
}

type Fields = &'static [(&'static str, &'static str)];

/// Signatures of three requests, made by another program with the same token.
#[tokio::test]
async fn signatures_of_twilio_are_accepted() {
    let site = Site::open().await;
    let common = |n: u32| {
        let sid = sid(n);
        [
            ("AccountSid", ACCOUNT.to_owned()),
            ("ApiVersion", "2010-04-01".to_owned()),
            ("NumMedia", "0".to_owned()),
            ("NumSegments", "1".to_owned()),
            ("SmsStatus", "received".to_owned()),
            ("To", "whatsapp:+14155238886".to_owned()),
            ("MessageSid", sid.clone()),
            ("SmsSid", sid.clone()),
            ("SmsMessageSid", sid),
        ]
    };
    let more: [(u32, Fields, &str); 3] = [
        (
            3,
            &[
                ("Body", "बन्द"),
                ("From", "whatsapp:+9779841234567"),
                ("ProfileName", "राम"),
                ("WaId", "9779841234567"),
                ("MessageType", "text"),
                ("ExternalUserId", "whatsapp:NP.1234567890"),
            ],
            "neCZMPInK2lNql3L24MSWQBDFF8=",
        ),
        (
            4,
            &[
                ("Body", "बन्द गर्नुहोस्"),
                ("ButtonText", "बन्द गर्नुहोस्"),
                ("ButtonPayload", "stop"),
                ("MessageType", "button"),
                ("From", "whatsapp:+9779841234567"),
                ("ProfileName", "राम"),
                ("WaId", "9779841234567"),
                ("OriginalRepliedMessageSid", "MM00000000000000000000000000000009"),
                ("OriginalRepliedMessageSender", "whatsapp:+14155238886"),
                ("ExternalUserId", "whatsapp:NP.1234567890"),
            ],
            "yKzBLqmHc3mc6lGS6ctgK8YdjA4=",
        ),
        (
            5,
            &[
                ("Body", "STOP"),
                ("From", "whatsapp:NP.1234567890"),
                ("ExternalUserId", "whatsapp:NP.1234567890"),
                ("ProfileName", ""),
                ("WaId", ""),
                ("MessageType", "text"),
            ],
            "1AIDglj5wv/ZNQ0YJ3cDyQBeJU0=",
        ),
    ];
    for (n, more, signature) in more {
        let common = common(n);
        let fields: Vec<(&str, &str)> =
            common.iter().map(|(name, value)| (*name, value.as_str())).chain(more.iter().copied()).collect();
        let url = "https://sms.example.com/webhooks/twilio/inbound";
        assert_eq!(sign_form(&SecretString::from(TOKEN), url, &fields).as_deref(), Some(signature), "{n}");
        assert_eq!(site.send(&fields).await, StatusCode::NO_CONTENT);
    }
    let authors = "SELECT string_agg(concat_ws(' ', phone_e164, external_id, payload), ', ' ORDER BY message_sid) FROM inbound";
    let authors: String = sqlx::query_scalar(authors).fetch_one(&site.world.pool).await.unwrap();
    assert_eq!(authors, "+9779841234567 NP.1234567890, +9779841234567 NP.1234567890 stop, NP.1234567890");
    site.close().await;
}
