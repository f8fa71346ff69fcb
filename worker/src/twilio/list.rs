//! Listing the messages to one number: how a lost answer is found again.

use serde::Deserialize;

use super::answer::parse_object;
use super::client::Client;
use super::fault::ReadFault;
use super::loose::Loose;
use super::meter::Operation;
use super::record::{MessageRecord, RawRecord};

const PAGE_SIZE: u16 = 50;

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    messages: Vec<RawRecord<'a>>,
    #[serde(borrow, default)]
    next_page_uri: Loose<'a>,
}

impl Client {
    /// Messages to the number, in E.164, newest first, from at most `max_pages` pages of 50.
    ///
    /// Twilio's list lags behind by minutes, at times hours: a hit proves the message, a miss proves nothing.
    pub(crate) async fn list_messages_to(
        &self,
        e164: &str,
        max_pages: usize,
    ) -> Result<Vec<MessageRecord>, ReadFault> {
        let mut found = Vec::new();
        let mut next = Some(self.endpoints.messages_to(e164, PAGE_SIZE));
        for _ in 0..max_pages {
            let Some(url) = next.take() else { break };
            let body = self.read(Operation::List, url, None).await?;
            let page: Page<'_> = parse_object(&body).ok_or(ReadFault::Unreadable)?;
            found.extend(page.messages.into_iter().map(MessageRecord::from));
            if let Some(uri) = page.next_page_uri.as_str() {
                next = Some(self.endpoints.next_page(uri).ok_or(ReadFault::ForeignPage)?);
            }
        }
        Ok(found)
    }
}
