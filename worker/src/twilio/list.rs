//! Listing messages: how a lost answer, or what a restored database has forgotten, is found again.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use shared::json::Object;
use url::Url;

use super::answer::parse_object;
use super::client::Client;
use super::fault::ReadFault;
use super::loose::Loose;
use super::meter::Operation;
use super::pace::Pace;
use super::record::{MessageRecord, RawRecord};

/// Of the list of one number, which holds few.
const PAGE_SIZE: u16 = 50;
/// The page size for the list of the whole account. Twilio allows 1,000. A page stays far below the read limit.
const LARGE_PAGE_SIZE: u16 = 500;

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

/// Reads a list page by page, newest messages first, back to a moment.
pub(crate) struct Pages<'a> {
    client: &'a Client,
    since: DateTime<Utc>,
    /// None: the last page was read.
    next: Option<Url>,
}

impl Pages<'_> {
    /// The messages of the next page that were created at the moment or later; one whose time cannot be read is kept.
    /// `None`: all were read.
    pub(crate) async fn next(&mut self, pace: &Pace) -> Result<Option<Vec<MessageRecord>>, ReadFault> {
        let Some(url) = self.next.clone() else { return Ok(None) };
        pace.turn().await;
        let body = self.client.read(Operation::List, url, None).await?;
        let page: Page<'_> = parse_object(&body).ok_or(ReadFault::Unreadable)?;
        let records = page.messages.into_iter().map(|Object(raw)| MessageRecord::from(raw));
        let (wanted, older): (Vec<_>, Vec<_>) =
            records.partition(|r| r.date_created.is_none_or(|at| at >= self.since));
        // What follows a page of older ones is older still.
        let past = wanted.is_empty() && !older.is_empty();
        self.next = match page.next_page_uri.as_str().filter(|_| !past) {
            Some(uri) => Some(self.client.endpoints.next_page(uri).ok_or(ReadFault::ForeignPage)?),
            None => None,
        };
        Ok(Some(wanted))
    }
}

impl Client {
    /// Messages to the number, in E.164, that were created at `since` or later, from at most `max_pages` pages of 50.
    ///
    /// Twilio's list lags behind by minutes, at times hours: a hit proves the message, a miss proves nothing.
    pub(crate) async fn list_messages_to(
        &self,
        e164: &str,
        since: DateTime<Utc>,
        max_pages: usize,
        pace: &Pace,
    ) -> Result<Listing, ReadFault> {
        let next = Some(self.endpoints.messages_to(e164, PAGE_SIZE));
        let mut pages = Pages { client: self, since, next };
        let mut listing = Listing::default();
        for _ in 0..max_pages {
            match pages.next(pace).await? {
                Some(messages) => listing.messages.extend(messages),
                None => break,
            }
        }
        listing.complete = pages.next.is_none();
        Ok(listing)
    }

    /// Every message of the account, to and from it, that was created at `since` or later.
    pub(crate) fn list_messages(&self, since: DateTime<Utc>) -> Pages<'_> {
        Pages { client: self, since, next: Some(self.endpoints.messages_of_account(LARGE_PAGE_SIZE)) }
    }
}
