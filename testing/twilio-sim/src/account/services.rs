//! `GET /v1/Services/{MG}`

use serde_json::json;

use crate::api_error::ApiError;
use crate::app::App;
use crate::server::{Call, Reply};
use crate::time::iso8601;

/// A Messaging Service, or 404.
pub(crate) fn service(app: &App, call: &Call, sid: &str) -> Reply {
    if !app.senders.has_service(sid) {
        return ApiError::not_found(&call.path).reply();
    }
    let date = iso8601(app.started_ms);
    let url = format!("https://messaging.twilio.com/v1/Services/{sid}");
    let body = json!({
        "sid": sid,
        "account_sid": app.options.account_sid,
        "friendly_name": "Simulated service",
        "date_created": date,
        "date_updated": date,
        "inbound_request_url": null,
        "inbound_method": "POST",
        "fallback_url": null,
        "fallback_method": "POST",
        "status_callback": null,
        "sticky_sender": true,
        "mms_converter": true,
        "smart_encoding": true,
        "scan_message_content": "inherit",
        "fallback_to_long_code": true,
        "area_code_geomatch": true,
        "synchronous_validation": false,
        "validity_period": 36000,
        "usecase": "notifications",
        "us_app_to_person_registered": false,
        "use_inbound_webhook_on_number": false,
        "links": {
            "phone_numbers": format!("{url}/PhoneNumbers"),
            "short_codes": format!("{url}/ShortCodes"),
            "alpha_senders": format!("{url}/AlphaSenders"),
        },
        "url": url,
    });
    Reply::json(200, &body)
}
