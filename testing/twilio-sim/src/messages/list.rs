//! `GET …/Messages.json`

use std::sync::Arc;

use super::message::Message;
use super::page::{Page, PageLinks};
use super::view::MessageView;
use crate::api_error::ApiError;
use crate::app::App;
use crate::form::Form;
use crate::recipient::Recipient;
use crate::server::{Call, Reply};
use crate::time::{day, millis};

/// Newest first, filtered and in pages.
pub(crate) fn list(app: &App, call: &Call) -> Reply {
    match answer(app, call) {
        Ok(reply) => reply,
        Err(error) => error.reply(),
    }
}

fn answer(app: &App, call: &Call) -> Result<Reply, ApiError> {
    let page = Page::read(&call.query, |sid| app.ledger.message(sid).map(|message| message.sequence))?;
    let filter = Filter::read(&call.query)?;
    let now = app.clock.now_ms();
    let lag = millis(call.effects.list_lag);
    let shown = |message: &Message| {
        now - message.created_ms >= lag.max(message.list_lag_ms) && filter.admits(message, now)
    };
    // One more than the page holds tells whether another follows.
    let mut found = app.ledger.newest(filter.to.as_deref(), page.below, page.skip, page.size + 1, shown);
    let more = found.len() > page.size;
    found.truncate(page.size);
    let last = found.last().filter(|_| more).map(|message| message.sid);
    let links = PageLinks::new(&call.path, &call.query, &page, found.len(), last);
    let view = |message: &Arc<Message>| MessageView::new(message, &app.options.account_sid, now);
    Ok(Reply::json(200, &links.envelope(found.iter().map(view).collect())))
}

#[derive(Debug, Default)]
struct Filter {
    to: Option<String>,
    from: Option<String>,
    on: Option<String>,
    until: Option<String>,
    since: Option<String>,
}

impl Filter {
    fn read(query: &Form) -> Result<Self, ApiError> {
        let address = |name| query.filled(name).map(normal);
        let date = |name| query.filled(name).map(date).transpose();
        Ok(Self {
            to: address("To"),
            from: query.filled("From").map(str::to_owned),
            on: date("DateSent")?,
            until: date("DateSent<")?,
            since: date("DateSent>")?,
        })
    }

    fn admits(&self, message: &Message, now: i64) -> bool {
        let from = message.sender(message.at(now).status);
        if self.from.as_deref().is_some_and(|wanted| from != Some(wanted)) {
            return false;
        }
        if self.on.is_none() && self.until.is_none() && self.since.is_none() {
            return true;
        }
        let Some(sent) = message.sent_ms(now).map(day) else { return false };
        self.on.as_ref().is_none_or(|on| sent == *on)
            && self.until.as_ref().is_none_or(|until| sent <= *until)
            && self.since.as_ref().is_none_or(|since| sent >= *since)
    }
}

/// The form in which recipients are stored.
fn normal(to: &str) -> String {
    match Recipient::parse(to) {
        Recipient::Number(destination) => destination.address,
        Recipient::ShortCode | Recipient::Invalid => to.to_owned(),
    }
}

/// The day of `YYYY-MM-DD` or a longer ISO 8601 form; error 20001 otherwise.
fn date(text: &str) -> Result<String, ApiError> {
    let day = text.get(..10).unwrap_or(text);
    chrono::NaiveDate::parse_from_str(day, "%Y-%m-%d")
        .map(|_| day.to_owned())
        .map_err(|_| ApiError::of(20001).with_message("Invalid DateSent"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_day_precision() {
        assert_eq!(date("2026-11-22").unwrap(), "2026-11-22");
        assert_eq!(date("2026-11-22T10:00:00Z").unwrap(), "2026-11-22");
        assert_eq!(date("22.11.2026").unwrap_err().code, 20001);
    }

    #[test]
    fn the_to_filter_is_normalised() {
        assert_eq!(normal("+977 984-1234567"), "+9779841234567");
        assert_eq!(normal("nonsense"), "nonsense");
    }
}
