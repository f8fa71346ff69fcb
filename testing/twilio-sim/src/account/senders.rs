//! `GET …/IncomingPhoneNumbers.json`

use serde_json::{Value, json};

use crate::app::App;
use crate::server::{Call, Reply};
use crate::time::rfc2822;

/// The account's own numbers, all on one page; `PhoneNumber` filters.
pub(crate) fn senders(app: &App, call: &Call) -> Reply {
    let wanted = call.query.filled("PhoneNumber");
    let numbers = app.senders.all().iter().filter(|sender| sender.starts_with('+'));
    let found: Vec<Value> = numbers
        .zip(1_u32..)
        .filter(|(number, _)| wanted.is_none_or(|wanted| *number == wanted))
        .map(|(number, index)| view(app, number, index))
        .collect();
    let link = format!("{}?PageSize=50&Page=0", call.path);
    let body = json!({
        "incoming_phone_numbers": found,
        "page": 0,
        "page_size": 50,
        "start": 0,
        "end": found.len().saturating_sub(1),
        "uri": link,
        "first_page_uri": link,
        "next_page_uri": null,
        "previous_page_uri": null,
    });
    Reply::json(200, &body)
}

fn view(app: &App, number: &str, index: u32) -> Value {
    let account = &app.options.account_sid;
    let sid = format!("PN{index:032x}");
    let date = rfc2822(app.started_ms);
    json!({
        "sid": sid,
        "account_sid": account,
        "phone_number": number,
        "friendly_name": number,
        "capabilities": {"sms": true, "mms": false, "voice": true, "fax": false},
        "status": "in-use",
        "sms_url": "",
        "date_created": date,
        "date_updated": date,
        "uri": format!("/2010-04-01/Accounts/{account}/IncomingPhoneNumbers/{sid}.json"),
    })
}
