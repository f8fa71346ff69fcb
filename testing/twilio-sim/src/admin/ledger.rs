//! The ledger over HTTP.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use serde_json::json;

use crate::app::App;
use crate::form::Form;
use crate::ledger::{DayDetail, StatsDetail};
use crate::messages::MessageView;
use crate::server::Reply;

const DEFAULT_LIMIT: usize = 100;

pub(super) fn stats(app: &App, query: &Form) -> Reply {
    let detail = if query.flag("per_number") { StatsDetail::PerNumber } else { StatsDetail::Totals };
    let Ok(zone) = query.filled("zone").map(str::parse::<Tz>).transpose() else {
        return Reply::json(400, &json!({"error": "unknown zone: give a name such as Asia/Kathmandu"}));
    };
    let days = DayDetail { zone, every: query.flag("per_day") };
    Reply::json(200, &app.ledger.stats(detail, days))
}

/// Newest first, `to` one number if given, at most `limit`; or counts with `per_number=true`.
pub(super) fn messages(app: &App, query: &Form) -> Reply {
    if query.flag("per_number") {
        let accepted = app.ledger.per_number().into_iter().filter(|(_, counts)| counts.accepted > 0);
        let counts: BTreeMap<String, u32> = accepted.map(|(to, counts)| (to, counts.accepted)).collect();
        return Reply::json(200, &counts);
    }
    let now = app.clock.now_ms();
    // A plus typed into a URL arrives as a space.
    let to = query.filled("to").map(|to| to.replacen(' ', "+", 1));
    let found = app.ledger.newest(to.as_deref(), None, 0, limit(query), |_| true);
    let views: Vec<MessageView> =
        found.iter().map(|message| MessageView::of_ledger(message, &app.options.account_sid, now)).collect();
    Reply::json(200, &json!({ "messages": views }))
}

pub(super) fn callbacks(app: &App, query: &Form) -> Reply {
    Reply::json(200, &json!({ "callbacks": app.ledger.callbacks(limit(query)) }))
}

/// The `limit` of a query.
pub(super) fn limit(query: &Form) -> usize {
    query.get("limit").and_then(|text| text.parse().ok()).unwrap_or(DEFAULT_LIMIT)
}
