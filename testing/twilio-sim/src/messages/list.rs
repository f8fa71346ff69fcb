//! `GET …/Messages.json`

use std::sync::Arc;

use super::message::Message;
use super::page::{Page, PageLinks};
use super::view::MessageView;
use crate::api_error::ApiError;
use crate::app::App;
use crate::form::Form;
use crate::inbound::Received;
use crate::ledger::InboundFilter;
use crate::recipient::Recipient;
use crate::server::{Call, Reply};
use crate::sid::MessageSid;
use crate::time::{day, millis};

/// Newest first, filtered and in pages.
pub(crate) fn list(app: &App, call: &Call) -> Reply {
    match answer(app, call) {
        Ok(reply) => reply,
        Err(error) => error.reply(),
    }
}

fn answer(app: &App, call: &Call) -> Result<Reply, ApiError> {
    let page = Page::read(&call.query, |sid| app.ledger.position(sid))?;
    let filter = Filter::read(&call.query)?;
    let now = app.clock.now_ms();
    let lag = millis(call.effects.list_lag);
    let mut found = find(app, &filter, &page, lag, now);
    let more = found.len() > page.size;
    found.truncate(page.size);
    let last = found.last().filter(|_| more).map(Listed::sid);
    let links = PageLinks::new(&call.path, &call.query, &page, found.len(), last);
    let views = found.iter().map(|message| message.view(&app.options.account_sid, now)).collect();
    Ok(Reply::json(200, &links.envelope("messages", views)))
}

/// A message of either direction.
enum Listed {
    Sent(Arc<Message>),
    Received(Arc<Received>),
}

impl Listed {
    fn sid(&self) -> MessageSid {
        match self {
            Self::Sent(message) => message.sid,
            Self::Received(message) => message.sid,
        }
    }

    fn sequence(&self) -> u64 {
        match self {
            Self::Sent(message) => message.sequence,
            Self::Received(message) => message.sequence,
        }
    }

    fn view(&self, account_sid: &str, now: i64) -> MessageView {
        match self {
            Self::Sent(message) => MessageView::new(message, account_sid, now),
            Self::Received(message) => MessageView::received(message, account_sid),
        }
    }
}

/// The messages of a page, and one more if another page follows.
fn find(app: &App, filter: &Filter, page: &Page, lag: i64, now: i64) -> Vec<Listed> {
    let wanted = page.size + 1;
    let inbound = InboundFilter {
        from: filter.from.as_deref(),
        to: filter.to.as_deref(),
        below: page.below,
        since_ms: filter.since_ms(),
    };
    let inbound_lag = lag.max(millis(app.options.list_lag));
    let received = app.ledger.newest_received(inbound, page.skip.saturating_add(wanted), |message| {
        now - message.created_ms >= inbound_lag && filter.admits_day(Some(message.created_ms))
    });
    let shown = |message: &Message| {
        now - message.created_ms >= lag.max(message.list_lag_ms) && filter.admits(message, now)
    };
    let to = filter.to.as_deref();
    if received.is_empty() {
        let sent = app.ledger.newest(to, page.below, page.skip, wanted, shown);
        return sent.into_iter().map(Listed::Sent).collect();
    }
    let mut found: Vec<Listed> = received.into_iter().map(Listed::Received).collect();
    // An address of a person sent nothing for the account, which spares a search of all messages.
    if !filter.from.as_deref().is_some_and(|from| app.ledger.has_received_from(from)) {
        let sent = app.ledger.newest(to, page.below, 0, page.skip.saturating_add(wanted), shown);
        found.extend(sent.into_iter().map(Listed::Sent));
        found.sort_by_key(|message| std::cmp::Reverse(message.sequence()));
    }
    found.into_iter().skip(page.skip).take(wanted).collect()
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

    /// Nothing older is asked for.
    fn since_ms(&self) -> Option<i64> {
        self.on.as_deref().or(self.since.as_deref()).and_then(start_of)
    }

    fn admits(&self, message: &Message, now: i64) -> bool {
        let from = message.sender(message.at(now).status);
        if self.from.as_deref().is_some_and(|wanted| from != Some(wanted)) {
            return false;
        }
        self.admits_day(message.sent_ms(now))
    }

    /// Whether a message that was sent at this time is asked for.
    fn admits_day(&self, sent_ms: Option<i64>) -> bool {
        if self.on.is_none() && self.until.is_none() && self.since.is_none() {
            return true;
        }
        let Some(sent) = sent_ms.map(day) else { return false };
        self.on.as_ref().is_none_or(|on| sent == *on)
            && self.until.as_ref().is_none_or(|until| sent <= *until)
            && self.since.as_ref().is_none_or(|since| sent >= *since)
    }
}

/// The start of a day, in milliseconds since the epoch.
fn start_of(day: &str) -> Option<i64> {
    let day: chrono::NaiveDate = day.parse().ok()?;
    Some(day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis())
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
