//! Contents as the API shows them.

use serde_json::{Value, json};

use super::model::Content;
use crate::time::iso8601;

const HOST: &str = "https://content.twilio.com";

/// The content with its links.
pub(super) fn content(content: &Content) -> Value {
    let url = url(content);
    let mut view = common(content);
    view["url"] = json!(url);
    view["links"] = json!({
        "approval_create": format!("{url}/ApprovalRequests/whatsapp"),
        "approval_fetch": format!("{url}/ApprovalRequests"),
    });
    view
}

/// The item of `ContentAndApprovals`: without links, with one approval object.
pub(crate) fn with_approval(content: &Content, now_ms: i64, step_ms: i64) -> Value {
    let mut view = common(content);
    view["approval_requests"] = approval(content, now_ms, step_ms);
    view
}

/// The answer to `GET …/ApprovalRequests`.
pub(super) fn approvals(content: &Content, now_ms: i64, step_ms: i64) -> Value {
    let mut whatsapp = approval(content, now_ms, step_ms);
    whatsapp["type"] = json!("whatsapp");
    json!({
        "sid": content.sid,
        "account_sid": content.account_sid,
        "whatsapp": whatsapp,
        "url": format!("{}/ApprovalRequests", url(content)),
    })
}

/// The approval alone. What an unsubmitted content shows is not documented; here the texts are empty.
pub(super) fn approval(content: &Content, now_ms: i64, step_ms: i64) -> Value {
    let approval = &content.approval;
    json!({
        "name": approval.name,
        "category": approval.category,
        "content_type": approval.content_type,
        "status": approval.status(now_ms, step_ms),
        "rejection_reason": approval.rejection_reason,
        "allow_category_change": approval.allow_category_change,
    })
}

fn common(content: &Content) -> Value {
    json!({
        "sid": content.sid,
        "account_sid": content.account_sid,
        "friendly_name": content.friendly_name,
        "language": content.language,
        "variables": content.variables,
        "types": content.types,
        "date_created": iso8601(content.created_ms),
        "date_updated": iso8601(content.updated_ms),
    })
}

fn url(content: &Content) -> String {
    format!("{HOST}/v1/Content/{}", content.sid)
}
