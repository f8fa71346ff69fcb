//! Ten thousand bodies at the webhook: random, cut off, huge, oddly typed, replayed; signed and not.

use futures::{StreamExt as _, stream};
use rand::{Rng, RngCore as _, rngs::StdRng, seq::SliceRandom as _};
use support::{Expect, TestEnv, injected, number, rounds, seed, signature};

const FORM: &str = "application/x-www-form-urlencoded";
/// What the webhook takes, bytes.
const LIMIT: usize = 64 * 1024;
const BESIDE_EACH_OTHER: usize = 24;
/// SIDs that only bodies without a good signature name, and those that only signed ones do.
const FORGED: &str = "SMffffffff";
const SIGNED: &str = "SMeeeeeeee";

/// One request.
struct Shot {
    query: String,
    kind: String,
    body: Vec<u8>,
    signature: Option<Vec<u8>>,
    /// Signed over this very body and address, as a form, within the limit: it must be taken.
    genuine: bool,
}

/// What the bodies are made of.
struct Fuzz {
    random: StdRng,
    url: String,
    token: String,
    account: String,
    /// A message that was delivered.
    sid: String,
    message_id: String,
}

impl Fuzz {
    /// Our callback of `sid`: harmful, should it ever be believed.
    fn form(&mut self, sid: &str) -> Vec<u8> {
        let status =
            ["failed", "undelivered", "delivered", "sent", "read", "strange"].choose(&mut self.random);
        let code = [21_610, 30_002, 21_211, 63_038].choose(&mut self.random);
        let (account, status, code) = (&self.account, status.expect("six"), code.expect("four"));
        format!("MessageSid={sid}&MessageStatus={status}&ErrorCode={code}&AccountSid={account}&To=%2B977")
            .into()
    }

    fn made_up(&mut self, prefix: &str) -> String {
        format!("{prefix}{:024x}", u128::from(self.random.r#gen::<u64>()))
    }

    fn bytes(&mut self, at_most: usize) -> Vec<u8> {
        let mut bytes = vec![0; self.random.gen_range(0..at_most)];
        self.random.fill_bytes(&mut bytes);
        bytes
    }

    /// A body without a good signature about this SID.
    fn body(&mut self, sid: &str) -> Vec<u8> {
        let mut form = self.form(sid);
        match self.random.gen_range(0..8) {
            0 => self.bytes(400),
            1 => form[..self.random.gen_range(0..form.len())].to_vec(),
            2 => {
                let at = self.random.gen_range(0..form.len());
                form[at] ^= 1 << self.random.gen_range(0..8);
                form
            }
            3 => [form.as_slice(), b"&Body=", &vec![b'x'; self.random.gen_range(0..LIMIT + 9_000)]].concat(),
            4 => form.repeat(self.random.gen_range(2..20)),
            5 => [form.as_slice(), b"&%=%zz&%00=%ff&&&=&\0\xff=", &self.bytes(60)].concat(),
            6 => format!("{{\"MessageSid\":\"{sid}\"}}").into(),
            _ => form,
        }
    }

    fn query(&mut self) -> String {
        let own = format!("?mid={}", self.message_id);
        let queries =
            [own.as_str(), "", "?", "?mid=", "?mid=%ff%00", "?mid=x&mid=y", "?bodySHA256=00", "?a=%"];
        (*queries.choose(&mut self.random).expect("eight")).to_owned()
    }

    fn kind(&mut self) -> String {
        let kinds = [
            FORM,
            FORM,
            FORM,
            "",
            "application/json",
            "text/plain; charset=utf-16",
            "multipart/form-data; boundary=x",
            "APPLICATION/X-WWW-FORM-URLENCODED",
            "\t;;/",
        ];
        (*kinds.choose(&mut self.random).expect("nine")).to_owned()
    }

    fn shot(&mut self) -> Shot {
        if self.random.gen_bool(0.25) { self.genuine() } else { self.forged() }
    }

    fn forged(&mut self) -> Shot {
        let sid = if self.random.gen_bool(0.5) { self.sid.clone() } else { self.made_up(FORGED) };
        let (body, query, kind) = (self.body(&sid), self.query(), self.kind());
        let another = self.form(&sid)[3..].to_vec();
        let signature = match self.random.gen_range(0..5) {
            0 => None,
            1 => Some(self.bytes(40).into_iter().filter(|b| *b > 32 && *b != 127).collect()),
            // Good for another body, for another address, or made with another token.
            2 => Some(signature(&self.token, &self.address(&query), &another).into_bytes()),
            3 => Some(signature(&self.token, "https://example.org/twilio/status", &body).into_bytes()),
            _ => Some(signature("another token", &self.address(&query), &body).into_bytes()),
        };
        Shot { query, kind, body, signature, genuine: false }
    }

    /// Correctly signed and without effect: a replay, an unknown message, or a body that is not a callback.
    fn genuine(&mut self) -> Shot {
        let (sid, account) = (self.sid.clone(), self.account.clone());
        let status = ["accepted", "queued", "sent", "delivered", "strange"].choose(&mut self.random);
        let replay = format!("MessageSid={sid}&AccountSid={account}&MessageStatus={}", status.expect("five"));
        let unknown = self.made_up(SIGNED);
        let unknown = self.form(&unknown);
        let mut body = match self.random.gen_range(0..5) {
            0 => self.bytes(400),
            1 => unknown,
            2 => [unknown.as_slice(), b"&Body=", &vec![b'x'; self.random.gen_range(0..LIMIT / 2)]].concat(),
            3 => unknown[..self.random.gen_range(0..unknown.len())].to_vec(),
            _ => replay.into_bytes(),
        };
        body.truncate(LIMIT);
        let known = String::from_utf8_lossy(&body).contains(&sid);
        let query = if known { format!("?mid={}", self.message_id) } else { String::new() };
        let signature = Some(signature(&self.token, &self.address(&query), &body).into_bytes());
        Shot { query, kind: FORM.to_owned(), body, signature, genuine: true }
    }

    fn address(&self, query: &str) -> String {
        format!("{}{query}", self.url)
    }
}

/// Fires one shot; the answer must be what its signature deserves.
async fn fire(client: &reqwest::Client, url: &str, shot: Shot) -> anyhow::Result<()> {
    let (large, genuine) = (shot.body.len() > LIMIT, shot.genuine);
    let mut request = client.post(format!("{url}{}", shot.query)).header("content-type", shot.kind);
    if let Some(signature) = shot.signature {
        request = request.header("x-twilio-signature", signature);
    }
    match request.body(shot.body).send().await {
        Ok(answer) => {
            let status = answer.status().as_u16();
            let deserved = if genuine { 204..=204 } else { 400..=499 };
            anyhow::ensure!(deserved.contains(&status), "{status}; genuine: {genuine}");
            anyhow::ensure!(!large || status == 413, "{status} to a body over the limit");
        }
        // It may close the connection before it has read all of it.
        Err(error) => anyhow::ensure!(large, "{error:#}"),
    }
    Ok(())
}

async fn fuzz(test: &TestEnv) -> anyhow::Result<Fuzz> {
    test.signup("good", &number(1)).await?;
    let sid = test.until_case("good", "registered delivered -").await?.welcome_sid.expect("a SID");
    let id = "SELECT message_id::text FROM attempts";
    Ok(Fuzz {
        random: seed("fuzzed callbacks"),
        url: format!("{}/twilio/status", test.env["PUBLIC_URL"]),
        token: test.env["TWILIO_AUTH_TOKEN"].clone(),
        account: test.env["TWILIO_ACCOUNT_SID"].clone(),
        sid,
        message_id: sqlx::query_scalar(id).fetch_one(&test.database.pool).await?,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn fuzzed_callbacks_change_nothing_and_break_nothing() -> anyhow::Result<()> {
    let shots = usize::try_from(rounds(2_000, 10_000))?;
    let mut test = TestEnv::builder().with_worker().await?;
    let mut fuzz = fuzz(&test).await?;
    let before = test.database.fingerprint().await?;
    let client = reqwest::Client::builder().no_proxy().build()?;
    let url = fuzz.url.clone();
    let salvo = stream::iter((0..shots).map(|_| fuzz.shot()).collect::<Vec<_>>());
    let mut answers = salvo.map(|shot| fire(&client, &url, shot)).buffer_unordered(BESIDE_EACH_OTHER);
    while let Some(answer) = answers.next().await {
        answer?;
    }
    injected(shots);
    assert_eq!(test.database.fingerprint().await?, before, "a user, an attempt or a suppression was changed");
    let named = |prefix: &str| format!("SELECT count(*) FROM status_callbacks WHERE sid LIKE '{prefix}%'");
    assert_eq!(test.database.number(&named(FORGED)).await?, 0, "what nobody signed was stored");
    assert!(test.database.number(&named(SIGNED)).await? > 0, "what is signed is kept, known or not");
    assert!(!test.workers[0].log().contains("panicked"), "a panic");
    assert!(!test.workers[0].is_gone()?);
    test.signup("after", &number(2)).await?;
    test.until_case("after", "registered delivered -").await?;
    test.finish(Expect::users(2)).await
}
