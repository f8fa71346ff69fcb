//! `GET …/Messages/{SM}/Media.json`, `…/Media/{ME}.json` and `…/Media/{ME}`, and the store that has the bytes. The store is on
//! another host than the API, as Twilio's is: `localhost` if the API was asked at an address.

use std::sync::Arc;

use serde_json::{Value, json};

use super::page::{Page, PageLinks};
use crate::api_error::ApiError;
use crate::app::App;
use crate::inbound::{Media, Received};
use crate::server::{Call, Reply};
use crate::sid::MessageSid;
use crate::time::rfc2822;

/// The files of a message, all on one page. Those of outbound messages are not kept.
pub(crate) fn media_list(app: &App, call: &Call, sid: &str) -> Reply {
    let parsed = MessageSid::parse(sid);
    let received = parsed.and_then(|sid| app.ledger.received(sid));
    if received.is_none() && parsed.and_then(|sid| app.ledger.message(sid)).is_none() {
        return ApiError::not_found(&call.path).reply();
    }
    let media: Vec<Value> =
        received.iter().flat_map(|one| one.media.iter().map(|file| view(app, one, file))).collect();
    let page = match Page::read(&call.query, |_| None) {
        Ok(page) => page,
        Err(error) => return error.reply(),
    };
    let links = PageLinks::new(&call.path, &call.query, &page, media.len(), None);
    Reply::json(200, &links.envelope("media_list", media))
}

/// Before the paths of the store.
pub(crate) const STORE: &str = "/_store/";

/// One file: described with `.json`, else a redirect to the store.
pub(crate) fn media(app: &App, call: &Call, sid: &str, media: &str) -> Reply {
    let (media, described) = media.strip_suffix(".json").map_or((media, false), |media| (media, true));
    match find(app, sid, media) {
        None => ApiError::not_found(&call.path).reply(),
        Some((received, file)) if described => Reply::json(200, &view(app, &received, &file)),
        Some(_) => Reply::redirect(format!("http://{}{STORE}{sid}/{media}", other_host(&call.host))),
    }
}

/// The bytes of a file. Like Amazon's store, it refuses credentials beside those of the address itself.
pub(crate) fn stored(app: &App, path: &str, with_credentials: bool) -> Reply {
    if with_credentials {
        return Reply::raw(400, "application/xml", "<Error><Code>InvalidArgument</Code></Error>");
    }
    match path.split_once('/').and_then(|(sid, media)| find(app, sid, media)) {
        None => Reply::raw(404, "application/xml", "<Error><Code>NoSuchKey</Code></Error>"),
        Some((_, file)) => Reply::raw(200, file.content_type, file.bytes),
    }
}

fn find(app: &App, sid: &str, media: &str) -> Option<(Arc<Received>, Media)> {
    let received = app.ledger.received(MessageSid::parse(sid)?)?;
    let file = received.media.iter().find(|file| file.sid == media)?.clone();
    Some((received, file))
}

/// Another name of this machine, with the same port.
fn other_host(host: &str) -> String {
    let port = host.rsplit_once(':').map_or("80", |(_, port)| port);
    let name = if host.starts_with("localhost") { "127.0.0.1" } else { "localhost" };
    format!("{name}:{port}")
}

fn view(app: &App, received: &Arc<Received>, file: &Media) -> Value {
    let (account, parent, created) =
        (&app.options.account_sid, received.sid.to_string(), rfc2822(received.created_ms));
    json!({
        "sid": file.sid,
        "account_sid": account,
        "parent_sid": parent,
        "content_type": file.content_type,
        "date_created": created,
        "date_updated": created,
        "uri": format!("/2010-04-01/Accounts/{account}/Messages/{parent}/Media/{}.json", file.sid),
    })
}
