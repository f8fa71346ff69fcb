//! Listing the messages to one number: how a lost answer is found again.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use shared::json::Object;

use super::answer::parse_object;
use super::client::Client;
use super::fault::ReadFault;
use super::loose::Loose;
use super::meter::Operation;
use super::pace::Pace;
use super::record::{MessageRecord, RawRecord};

const PAGE_SIZE: u16 = 50;

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    messages: Vec<Object<RawRecord<'a>>>,
    #[serde(borrow, default)]
    next_page_uri: Loose<'a>,
}

/// Messages to one number.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// Newest first.
    pub(crate) messages: Vec<MessageRecord>,
    /// Nothing that was asked for is left out. Twilio's list may still lag behind.
    pub(crate) complete: bool,
}

impl Client {
    /// Messages to the number, in E.164, that were created at `since` or later, from at most `max_pages` pages of 50. A
    /// message whose time cannot be read is kept.
    ///
    /// Twilio's list lags behind by minutes, at times hours: a hit proves the message, a miss proves nothing.
    pub(crate) async fn list_messages_to(
        &self,
        e164: &str,
        since: DateTime<Utc>,
        max_pages: usize,
        pace: &Pace,
    ) -> Result<Listing, ReadFault> {
        let mut listing = Listing::default();
        let mut next = self.endpoints.messages_to(e164, PAGE_SIZE);
        for _ in 0..max_pages {
            pace.turn().await;
            let body = self.read(Operation::List, next, None).await?;
            let page: Page<'_> = parse_object(&body).ok_or(ReadFault::Unreadable)?;
            let records = page.messages.into_iter().map(|Object(raw)| MessageRecord::from(raw));
            let (wanted, older): (Vec<_>, Vec<_>) =
                records.partition(|r| r.date_created.is_none_or(|at| at >= since));
            // What follows a page of older ones is older still.
            let past = wanted.is_empty() && !older.is_empty();
            listing.messages.extend(wanted);
            let further = page.next_page_uri.as_str().filter(|_| !past);
            let Some(uri) = further else {
                listing.complete = true;
                break;
            };
            next = self.endpoints.next_page(uri).ok_or(ReadFault::ForeignPage)?;
        }
        Ok(listing)
    }
}
