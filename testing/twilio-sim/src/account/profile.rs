//! `GET …/Accounts/{AC}.json`

use serde_json::json;

use crate::app::App;
use crate::server::Reply;
use crate::time::rfc2822;

/// A full, active account; its token is not shown.
pub(crate) fn account(app: &App) -> Reply {
    let sid = &app.options.account_sid;
    let date = rfc2822(app.started_ms);
    let base = format!("/2010-04-01/Accounts/{sid}");
    let body = json!({
        "sid": sid,
        "friendly_name": "Simulated account",
        "status": "active",
        "type": "Full",
        "auth_token": null,
        "owner_account_sid": sid,
        "date_created": date,
        "date_updated": date,
        "uri": format!("{base}.json"),
        "subresource_uris": {
            "messages": format!("{base}/Messages.json"),
            "incoming_phone_numbers": format!("{base}/IncomingPhoneNumbers.json"),
            "outgoing_caller_ids": format!("{base}/OutgoingCallerIds.json"),
        },
    });
    Reply::json(200, &body)
}
