//! `POST …/OutgoingCallerIds.json`

use serde_json::json;

use crate::api_error::ApiError;
use crate::app::App;
use crate::recipient::Recipient;
use crate::server::{Call, Reply};

/// Starts a validation call (200, not 201); error 21450 when the number is one of the account's already.
pub(crate) fn caller_id(app: &App, call: &Call) -> Reply {
    let Some(number) = call.form.filled("PhoneNumber") else { return ApiError::of(20001).reply() };
    let Recipient::Number(destination) = Recipient::parse(number) else { return ApiError::of(21211).reply() };
    if !app.caller_ids.verify(&destination.address) {
        return ApiError::of(21450).reply();
    }
    let code = 100_000 + app.random.below(900_000);
    let body = json!({
        "account_sid": app.options.account_sid,
        "phone_number": destination.address,
        "friendly_name": call.form.filled("FriendlyName").unwrap_or(&destination.address),
        "validation_code": code.to_string(),
        "call_sid": app.request_ids.other("CA"),
    });
    Reply::json(200, &body)
}
