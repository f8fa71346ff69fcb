//! `GET …/Messages/{SM}/Media.json`, `…/Media/{ME}.json` and `…/Media/{ME}`

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

/// One file: described with `.json`, else its bytes. Twilio answers the latter with a redirect to a store.
pub(crate) fn media(app: &App, call: &Call, sid: &str, media: &str) -> Reply {
    let (media, described) = media.strip_suffix(".json").map_or((media, false), |media| (media, true));
    let received = MessageSid::parse(sid).and_then(|sid| app.ledger.received(sid));
    let found = received.as_ref().and_then(|received| {
        received.media.iter().find(|file| file.sid == media).map(|file| (received, file))
    });
    match found {
        None => ApiError::not_found(&call.path).reply(),
        Some((received, file)) if described => Reply::json(200, &view(app, received, file)),
        Some((_, file)) => {
            Reply::raw(200, file.content_type.clone(), format!("{} {}\n", file.content_type, file.sid))
        }
    }
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
