//! `POST /_sim/content` loads contents and `GET` shows them. `POST /_sim/content/{HX}` changes one, `DELETE` removes it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{bad_request, done, not_found};
use crate::app::App;
use crate::content::{ApprovalOrder, Content, ContentChange, ContentDraft, whatsapp_type, with_approval};
use crate::server::Reply;

/// A content as an item of `ContentAndApprovals` shows it. The simulator chooses the fields that are absent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Loaded {
    sid: Option<String>,
    /// With another account, the content is unknown to the simulated one.
    account_sid: Option<String>,
    friendly_name: Option<String>,
    language: Option<String>,
    variables: Option<BTreeMap<String, String>>,
    types: Map<String, Value>,
    approval_requests: Option<Approval>,
    #[serde(rename = "date_created")]
    _date_created: Option<String>,
    #[serde(rename = "date_updated")]
    _date_updated: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Approval {
    name: Option<String>,
    category: Option<String>,
    content_type: Option<String>,
    /// Any word, so that unknown statuses can be tried.
    status: Option<String>,
    rejection_reason: Option<String>,
    allow_category_change: Option<bool>,
}

/// A change of a content. The clock does not change a status that was set here.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    status: Option<String>,
    category: Option<String>,
    rejection_reason: Option<String>,
    language: Option<String>,
    variables: Option<BTreeMap<String, String>>,
    types: Option<Map<String, Value>>,
    /// The message from now on at which it is paused, counted from 1.
    pause_at: Option<u64>,
}

pub(super) fn show(app: &App) -> Reply {
    Reply::json(200, &json!({ "contents": views(app, &app.contents.all()) }))
}

/// One content, a list of contents, or `{"contents": […]}`.
pub(super) fn load(app: &App, body: &[u8]) -> Reply {
    match read(body) {
        Ok(loaded) => {
            let contents: Vec<_> =
                loaded.into_iter().map(|one| app.contents.put(content(app, one))).collect();
            Reply::json(200, &json!({ "contents": views(app, &contents) }))
        }
        Err(error) => bad_request(&error),
    }
}

pub(super) fn change(app: &App, sid: &str, body: &[u8]) -> Reply {
    match serde_json::from_slice::<Change>(body) {
        Ok(change) => {
            let now = app.clock.now_ms();
            if change.status.is_some() || change.pause_at.is_some() {
                app.contents.pause_at(sid, change.pause_at);
            }
            let approval = ApprovalOrder {
                category: change.category,
                status: change.status,
                rejection_reason: change.rejection_reason,
                ..ApprovalOrder::default()
            };
            let change = ContentChange {
                language: change.language,
                variables: change.variables,
                types: change.types,
                approval,
                ..ContentChange::default()
            };
            match app.contents.change(sid, change, now) {
                Some(content) => Reply::json(200, &with_approval(&content, now, app.contents.step_ms())),
                None => not_found("content"),
            }
        }
        Err(error) => bad_request(&error),
    }
}

pub(super) fn delete(app: &App, sid: &str) -> Reply {
    if app.contents.remove(sid) { done() } else { not_found("content") }
}

fn read(body: &[u8]) -> Result<Vec<Loaded>, serde_json::Error> {
    #[derive(Deserialize)]
    struct Wrapped {
        contents: Vec<Loaded>,
    }
    let value: Value = serde_json::from_slice(body)?;
    if value.is_array() {
        serde_json::from_value(value)
    } else if value.get("contents").is_some() {
        serde_json::from_value::<Wrapped>(value).map(|wrapped| wrapped.contents)
    } else {
        serde_json::from_value(value).map(|one| vec![one])
    }
}

/// The content. Without an approval it is not submitted; a status that is given stays until it is changed by hand.
fn content(app: &App, loaded: Loaded) -> Content {
    let draft = ContentDraft {
        friendly_name: loaded.friendly_name,
        language: loaded.language,
        variables: loaded.variables,
        types: Some(loaded.types),
    };
    let sid = loaded.sid.unwrap_or_else(|| app.contents.mint());
    let account = loaded.account_sid.as_deref().unwrap_or(app.contents.account_sid());
    let mut content = draft.content(sid, account, app.clock.now_ms());
    let Some(given) = loaded.approval_requests else { return content };
    let (name, content_type) = (content.friendly_name.clone(), whatsapp_type(&content).to_owned());
    content.approval.apply(ApprovalOrder {
        name: given.name.or(Some(name)),
        category: given.category.or_else(|| Some("UTILITY".to_owned())),
        content_type: given.content_type.or(Some(content_type)),
        status: given.status,
        rejection_reason: given.rejection_reason,
        allow_category_change: given.allow_category_change,
    });
    content
}

fn views(app: &App, contents: &[std::sync::Arc<Content>]) -> Vec<Value> {
    let now = app.clock.now_ms();
    contents.iter().map(|content| with_approval(content, now, app.contents.step_ms())).collect()
}
