//! Live signups with and without people who write to us.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use reqwest::{Client, RequestBuilder};
use twilio_sim::sign;

use super::{
    latency::{SIGNUPS, Signups},
    requests,
};
use crate::{
    event,
    report::Row,
    services::Services,
    simulator::Simulator,
    sizes::Sizes,
    stage::Stage,
    worker::{self, Pace},
};

const MESSAGES: u32 = 300;
/// Status callbacks a second, one for each signup of the part before.
const CALLBACKS: u32 = SIGNUPS;
const PACE: Pace = Pace { concurrency: 512, rate: 0 };
/// What Twilio signs its requests for.
const PUBLIC_URL: &str = "http://worker.invalid";
const OURS: &str = "whatsapp:+14155238886";
/// Every other person has signed up before.
const TEXTS: [&str; 5] = ["help", "बन्द", "may I eat cabbage?", "रगत रोकिएन", "धन्यवाद"];
/// Numbers of people who have not signed up begin here.
const UNKNOWN: usize = 5_000_000;

pub(super) async fn run(services: &Services, sizes: &Sizes) -> anyhow::Result<Vec<Row>> {
    let stage = Stage::open(services).await?;
    // The callbacks are measured where they are sent, which the simulator cannot do: its own come too late.
    let simulator = Simulator::start(&["--callback-delay", "1h"], stage.folder()).await?;
    let key = "00".repeat(32);
    let settings = [("PUBLIC_URL", PUBLIC_URL), ("INBOX_KEY", &key), ("TWILIO_WHATSAPP_FROM", OURS)];
    let mut worker = worker::start_with(&stage, simulator.url(), PACE, &settings)?;
    worker::until_consuming(&mut worker).await?;
    let address = worker::address(&worker.output(), "WEBHOOK_ADDR").context("no address of WEBHOOK_ADDR")?;
    let twilio = Twilio { client: requests::client()?, address };

    let mut signups = Signups::of(&stage, &simulator);
    let alone = signups.measure(sizes.seconds, "alone").await?;
    let people = signups.so_far();
    let sids: Vec<String> =
        sqlx::query_scalar("SELECT sid FROM attempts WHERE sid IS NOT NULL").fetch_all(&stage.pool).await?;
    ensure!(sids.len() == people, "{} messages of {people} people", sids.len());

    let limit = Duration::from_secs(u64::from(sizes.seconds));
    let messages = requests::send(MESSAGES, limit, |n| (twilio.message(n, people), 204));
    let callbacks = requests::send(CALLBACKS, limit, |n| (twilio.callback(&sids[n % sids.len()]), 204));
    let beside = signups.measure(sizes.seconds, "beside people who write");
    let (beside, messages, callbacks) = tokio::try_join!(beside, messages, callbacks)?;
    let stored: i64 = sqlx::query_scalar("SELECT count(*) FROM inbound").fetch_one(&stage.pool).await?;
    worker.stop().await?;
    let mut written = messages.row("messages that people write");
    written.note = format!("{}; {stored} stored", written.note);
    Ok(vec![alone, beside, written, callbacks.row("status callbacks meanwhile")])
}

/// Requests as Twilio signs them.
struct Twilio {
    client: Client,
    address: String,
}

impl Twilio {
    /// The nth message, from one of the first `people` or from somebody unknown.
    fn message(&self, n: usize, people: usize) -> RequestBuilder {
        let person = if n.is_multiple_of(2) { n / 2 % people } else { UNKNOWN + n };
        let from = format!("whatsapp:+977{}", event::number(u32::try_from(person).unwrap_or(u32::MAX)));
        let sid = format!("SM{n:032x}");
        let fields = [
            ("AccountSid", worker::ACCOUNT.0),
            ("MessageSid", &sid),
            ("From", &from),
            ("To", OURS),
            ("Body", TEXTS[n % TEXTS.len()]),
            ("NumMedia", "0"),
        ];
        self.request("/twilio/inbound", &fields)
    }

    fn callback(&self, sid: &str) -> RequestBuilder {
        let fields = [("AccountSid", worker::ACCOUNT.0), ("MessageSid", sid), ("MessageStatus", "delivered")];
        self.request("/twilio/status", &fields)
    }

    fn request(&self, path: &str, fields: &[(&str, &str)]) -> RequestBuilder {
        let signature = sign(worker::ACCOUNT.1, &format!("{PUBLIC_URL}{path}"), fields);
        let request = self.client.post(format!("http://{}{path}", self.address)).form(fields);
        request.header("x-twilio-signature", signature)
    }
}
