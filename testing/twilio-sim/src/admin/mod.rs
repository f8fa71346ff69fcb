//! `/_sim/…`: faults, credentials and the ledger, without credentials.

mod clock;
mod content;
mod credentials;
mod faults;
mod inbound;
mod ledger;
mod phones;
mod whatsapp;

use std::sync::Arc;

use bytes::Bytes;
use hyper::Method;
use hyper::http::request::Parts;
use serde_json::json;

use crate::app::App;
use crate::form::Form;
use crate::server::Reply;

/// Answers a request below `/_sim/`.
pub(crate) async fn answer(app: &Arc<App>, parts: &Parts, path: &str, body: &Bytes) -> Reply {
    let query = Form::parse(parts.uri.query().unwrap_or_default().as_bytes());
    match (&parts.method, path) {
        (&Method::GET, "health") => done(),
        (&Method::GET, "stats") => ledger::stats(app, &query),
        (&Method::GET, "messages") => ledger::messages(app, &query),
        (&Method::GET, "timeline") => Reply::json(200, &app.ledger.timeline()),
        (&Method::GET, "callbacks") => ledger::callbacks(app, &query),
        (&Method::GET, "inbound") => inbound::show(app, &query),
        (&Method::POST, "inbound") => inbound::receive(app, parts, body).await,
        (&Method::GET, "faults") => faults::show(app),
        (&Method::POST, "faults") => faults::add(app, body),
        (&Method::PUT, "faults") => faults::replace(app, body),
        (&Method::DELETE, "faults") => faults::clear(app),
        (&Method::GET, "content") => content::show(app),
        (&Method::POST, "content") => content::load(app, body),
        (&Method::GET, "senders") => whatsapp::senders(app),
        (&Method::POST, "senders") => whatsapp::change_senders(app, body),
        (&Method::POST, "offline") => phones::switch_off(app, body),
        (&Method::POST, "online") => phones::switch_on(app, body),
        (&Method::POST, "window") => whatsapp::open_window(app, body),
        (&Method::POST, "clock") => clock::advance(app, body),
        (&Method::POST, "credentials") => credentials::change(app, body),
        (&Method::POST, "reset") => {
            app.reset();
            done()
        }
        (&Method::DELETE, path) if path.starts_with("content/") => content::delete(app, &path[8..]),
        (&Method::POST, path) if path.starts_with("content/") => content::change(app, &path[8..], body),
        _ => Reply::json(404, &json!({"error": "no such path or method below /_sim/"})),
    }
}

fn done() -> Reply {
    Reply::json(200, &json!({"status": "ok"}))
}

fn not_found(what: &str) -> Reply {
    Reply::json(404, &json!({"error": format!("no such {what}")}))
}

fn bad_request(error: &serde_json::Error) -> Reply {
    Reply::json(400, &json!({"error": error.to_string()}))
}
