//! `/v1/Content` and its approval requests. Bodies are JSON.

use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::approval::ApprovalOrder;
use super::draft::{ContentDraft, without_nulls};
use super::model::{Content, ContentChange};
use super::template::whatsapp_type;
use super::view;
use crate::api_error::ApiError;
use crate::app::App;
use crate::server::{Call, Reply};

const CATEGORIES: [&str; 3] = ["UTILITY", "MARKETING", "AUTHENTICATION"];

/// `POST /v1/Content`
pub(crate) fn create(app: &App, call: &Call) -> Reply {
    let draft = match read::<ContentDraft>(call).and_then(|draft| draft.check().map(|()| draft)) {
        Ok(draft) => draft,
        Err(error) => return error.reply(),
    };
    let content = draft.content(app.contents.mint(), app.contents.account_sid(), app.clock.now_ms());
    Reply::json(201, &view::content(&app.contents.put(content)))
}

/// `GET /v1/Content/{HX}`
pub(crate) fn fetch(app: &App, call: &Call, sid: &str) -> Reply {
    with_content(app, call, sid, |content| Ok(Reply::json(200, &view::content(&content))))
}

/// `PUT /v1/Content/{HX}`. A submitted content keeps its text (Twilio's notes on templates); the error code of a
/// refused change is not documented.
pub(crate) fn update(app: &App, call: &Call, sid: &str) -> Reply {
    with_content(app, call, sid, |content| {
        let draft: ContentDraft = read(call)?;
        draft.check_change()?;
        if content.approval.is_submitted() {
            return Err(ApiError::of(20001).with_message("A submitted content cannot be changed"));
        }
        let change = ContentChange {
            friendly_name: draft.friendly_name,
            language: draft.language,
            variables: draft.variables,
            types: draft.types.map(without_nulls).filter(|types| !types.is_empty()),
            ..ContentChange::default()
        };
        let changed = app.contents.change(sid, change, app.clock.now_ms()).unwrap_or(content);
        Ok(Reply::json(200, &view::content(&changed)))
    })
}

/// `DELETE /v1/Content/{HX}`
pub(crate) fn delete(app: &App, call: &Call, sid: &str) -> Reply {
    with_content(app, call, sid, |_| {
        app.contents.remove(sid);
        Ok(Reply::raw(204, "application/json", ""))
    })
}

/// `GET /v1/Content/{HX}/ApprovalRequests`
pub(crate) fn approval(app: &App, call: &Call, sid: &str) -> Reply {
    with_content(app, call, sid, |content| {
        Ok(Reply::json(200, &view::approvals(&content, app.clock.now_ms(), app.contents.step_ms())))
    })
}

/// `POST /v1/Content/{HX}/ApprovalRequests/whatsapp`
pub(crate) fn submit(app: &App, call: &Call, sid: &str) -> Reply {
    with_content(app, call, sid, |content| {
        let request: Submission = read(call)?;
        request.check()?;
        if content.approval.is_submitted() {
            return Err(ApiError::of(20409).with_message("The content was submitted before"));
        }
        let now = app.clock.now_ms();
        let approval = ApprovalOrder {
            name: request.name,
            category: request.category,
            content_type: Some(whatsapp_type(&content).to_owned()),
            allow_category_change: request.allow_category_change,
            ..ApprovalOrder::default()
        };
        let change = ContentChange { approval, submitted_ms: Some(now), ..ContentChange::default() };
        let submitted = app.contents.change(sid, change, now).unwrap_or(content);
        Ok(Reply::json(201, &view::approval(&submitted, now, app.contents.step_ms())))
    })
}

/// A request for approval. Unknown fields are ignored, as Twilio does.
#[derive(Deserialize)]
struct Submission {
    name: Option<String>,
    category: Option<String>,
    allow_category_change: Option<bool>,
}

impl Submission {
    /// Names are lower-case words (Twilio docs, "Submit templates for approval"). The code of a bad name or
    /// category is not documented.
    fn check(&self) -> Result<(), ApiError> {
        let is_name = |name: &str| {
            let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
            (1..=512).contains(&name.len()) && name.bytes().all(allowed)
        };
        let bad = |field: &str| Err(ApiError::of(20001).with_message(format!("Invalid parameter: {field}")));
        if !self.name.as_deref().is_some_and(is_name) {
            return bad("name");
        }
        if !self.category.as_deref().is_some_and(|category| CATEGORIES.contains(&category)) {
            return bad("category");
        }
        Ok(())
    }
}

fn read<T: DeserializeOwned>(call: &Call) -> Result<T, ApiError> {
    serde_json::from_slice(&call.body)
        .map_err(|error| ApiError::of(20001).with_message(format!("Invalid JSON: {error}")))
}

fn with_content(
    app: &App,
    call: &Call,
    sid: &str,
    answer: impl FnOnce(Arc<Content>) -> Result<Reply, ApiError>,
) -> Reply {
    let found = app.contents.get(sid).ok_or_else(|| ApiError::not_found(&call.path));
    found.and_then(answer).unwrap_or_else(|error| error.reply())
}
