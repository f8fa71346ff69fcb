//! A fake Twilio in this process. It answers as each step configures and remembers every message.

use std::{
    collections::HashMap,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Form, Json, Router,
    body::{Body, Bytes},
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tokio::sync::{Notify, oneshot};

use super::steps::Answer;

pub(super) const ACCOUNT: &str = "AC00000000000000000000000000000001";
pub(super) const SERVICE: &str = "MG00000000000000000000000000000002";

/// A message that exists.
pub(super) struct Message {
    pub(super) sid: String,
    pub(super) to: String,
    body: String,
    /// The address for its callbacks.
    pub(super) callback: String,
    /// Its last status. A final status stays.
    pub(super) status: (&'static str, Option<u32>),
    pub(super) listed: bool,
    pub(super) made: DateTime<Utc>,
}

/// What becomes of the next create call.
pub(super) struct Call {
    pub(super) answer: Answer,
    /// Held until this answer comes. The waiting task learns that the call was made.
    pub(super) held: Option<(Arc<Notify>, oneshot::Receiver<Answer>)>,
}

/// What Twilio knows.
#[derive(Default)]
pub(super) struct Ledger {
    pub(super) messages: Vec<Message>,
    /// Calls by number that were not refused: each may have led to a message.
    pub(super) calls: HashMap<String, usize>,
    pub(super) next: Option<Call>,
    pub(super) account_refused: bool,
    /// New messages are in no list.
    pub(super) lags: bool,
    /// For SIDs that never come twice.
    made: u32,
}

/// The server and its ledger.
#[derive(Clone, Default)]
pub(super) struct Twilio(Arc<Mutex<Ledger>>);

impl Twilio {
    /// Starts a server; it ends with the runtime.
    pub(super) async fn start() -> (Self, String) {
        let twilio = Self::default();
        let routes = Router::new()
            .route("/2010-04-01/Accounts/{account}/Messages.json", get(list).post(create))
            .route("/2010-04-01/Accounts/{account}/Messages/{sid}", get(fetch))
            .with_state(twilio.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        (twilio, base)
    }

    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger {
    /// Forgets everything but the SIDs it gave.
    pub(super) fn empty(&mut self, lags: bool) {
        *self = Self { made: self.made, lags, ..Self::default() };
    }

    fn add(&mut self, form: &HashMap<String, String>) -> String {
        self.made += 1;
        let sid = format!("SM{:032x}", self.made);
        let field = |name: &str| form.get(name).cloned().unwrap_or_default();
        self.messages.push(Message {
            sid: sid.clone(),
            to: field("To"),
            body: field("Body"),
            callback: field("StatusCallback"),
            status: ("accepted", None),
            listed: !self.lags,
            made: Utc::now(),
        });
        sid
    }
}

async fn create(State(twilio): State<Twilio>, Form(form): Form<HashMap<String, String>>) -> Response {
    let number = form.get("To").cloned().unwrap_or_default();
    let (answer, sid, held) = {
        let mut ledger = twilio.ledger();
        let call = ledger.next.take().unwrap_or(Call { answer: Answer::Accepted, held: None });
        let answer = if ledger.account_refused { Answer::Refused(401, 20003) } else { call.answer };
        *ledger.calls.entry(number.clone()).or_default() += 1;
        (answer, stored(answer).then(|| ledger.add(&form)), call.held)
    };
    let answer = match held {
        None => answer,
        Some((made, later)) => {
            made.notify_one();
            // Never answered: the caller has died.
            let Ok(later) = later.await else { return broken() };
            match (later, sid.is_some()) {
                (Answer::Refused(..), true) => Answer::Accepted,
                (Answer::Accepted, false) => Answer::Refused(429, 20429),
                _ => later,
            }
        }
    };
    match answer {
        Answer::Accepted => {
            let created =
                json!({ "sid": sid, "status": "accepted", "num_segments": "1", "error_code": null });
            (StatusCode::CREATED, Json(created)).into_response()
        }
        Answer::Refused(status, code) => {
            let mut ledger = twilio.ledger();
            ledger.account_refused |= status == 401;
            *ledger.calls.entry(number).or_default() -= 1;
            refusal(status, code)
        }
        Answer::ServerError { .. } => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Answer::Lost { .. } => broken(),
    }
}

fn stored(answer: Answer) -> bool {
    matches!(answer, Answer::Accepted | Answer::ServerError { stored: true } | Answer::Lost { stored: true })
}

fn refusal(status: u16, code: u32) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    (status, Json(json!({ "code": code, "status": status.as_u16() }))).into_response()
}

/// An answer whose connection breaks after its first byte.
fn broken() -> Response {
    let parts = [Ok(Bytes::from_static(b"{")), Err(io::Error::from(io::ErrorKind::ConnectionReset))];
    (StatusCode::CREATED, Body::from_stream(futures::stream::iter(parts))).into_response()
}

/// Also how the account is asked for.
async fn list(State(twilio): State<Twilio>, Query(query): Query<HashMap<String, String>>) -> Response {
    let ledger = twilio.ledger();
    if ledger.account_refused {
        return refusal(401, 20003);
    }
    let to = query.get("To");
    let wanted = ledger.messages.iter().rev().filter(|m| m.listed && Some(&m.to) == to);
    let messages: Vec<Value> = wanted.map(record).collect();
    Json(json!({ "messages": messages, "next_page_uri": null })).into_response()
}

async fn fetch(State(twilio): State<Twilio>, Path((_, sid)): Path<(String, String)>) -> Response {
    let ledger = twilio.ledger();
    match ledger.messages.iter().find(|m| sid == format!("{}.json", m.sid)) {
        _ if ledger.account_refused => refusal(401, 20003),
        Some(message) => Json(record(message)).into_response(),
        None => refusal(404, 20404),
    }
}

fn record(message: &Message) -> Value {
    json!({
        "sid": message.sid, "to": message.to, "messaging_service_sid": SERVICE, "body": message.body,
        "status": message.status.0, "error_code": message.status.1, "num_segments": "1",
        "date_created": message.made.to_rfc2822(),
    })
}
