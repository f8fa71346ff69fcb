//! The account's senders of WhatsApp (Twilio's OpenAPI documents, messaging_v2 and messaging_v1). Only read, and never needed
//! for sending.

use std::collections::HashSet;

use serde::Deserialize;
use shared::{domain::MessagingLimit, json::Object};
use url::Url;

use super::answer::parse_object;
use super::client::Client;
use super::create::Sender;
use super::fault::ReadFault;
use super::loose::Loose;
use super::meter::Operation;
use super::{WHATSAPP_PREFIX, endpoints};

/// A business has at most 20 senders on WhatsApp (Twilio docs). A longer list has no end.
const MOST_PAGES: usize = 20;
/// The number of Twilio's sandbox, which all accounts share (Twilio docs, "WhatsApp sandbox").
const SANDBOX: &str = "whatsapp:+14155238886";

/// A WhatsApp sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WhatsappSender {
    /// With the prefix of the channel.
    pub(crate) address: String,
    /// As Twilio writes it, such as `ONLINE`.
    pub(crate) status: String,
    /// As Twilio writes it, such as `HIGH`. None: not rated.
    pub(crate) quality: Option<String>,
    /// As Twilio writes it, such as `1K Customers/24hr`.
    pub(crate) messaging_limit: Option<String>,
    /// Where Twilio reports what people write and what became of messages.
    pub(crate) callback_urls: Vec<String>,
    /// Why it is not online.
    pub(crate) offline_codes: Vec<u32>,
}

impl WhatsappSender {
    /// Whether Twilio sends from it.
    pub(crate) fn is_online(&self) -> bool {
        matches!(&*self.status, "ONLINE" | "ONLINE:UPDATING")
    }

    /// How many people it may write to. None: Twilio does not say so in words that are known.
    pub(crate) fn limit(&self) -> Option<MessagingLimit> {
        MessagingLimit::parse(self.messaging_limit.as_deref()?)
    }
}

/// Whether an address is that of Twilio's sandbox, which reaches only people who joined it.
pub(crate) fn is_sandbox(address: &str) -> bool {
    address == SANDBOX
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    senders: Vec<Object<RawSender<'a>>>,
    meta: Object<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    next_page_url: Option<String>,
}

/// An item of either list.
#[derive(Deserialize)]
struct RawSender<'a> {
    /// The address, in the list of a Messaging Service.
    #[serde(borrow, default)]
    sender: Loose<'a>,
    /// The address, in the list of a channel.
    #[serde(borrow, default)]
    sender_id: Loose<'a>,
    #[serde(borrow, default)]
    status: Loose<'a>,
    #[serde(borrow, default)]
    webhook: Option<Object<RawWebhook<'a>>>,
    #[serde(borrow, default)]
    properties: Option<Object<RawProperties<'a>>>,
    #[serde(borrow, default)]
    offline_reasons: Option<Vec<Object<RawReason<'a>>>>,
}

#[derive(Deserialize)]
struct RawWebhook<'a> {
    #[serde(borrow, default, rename = "callback_url")]
    callback: Loose<'a>,
    #[serde(borrow, default, rename = "fallback_url")]
    fallback: Loose<'a>,
    #[serde(borrow, default, rename = "status_callback_url")]
    status: Loose<'a>,
}

#[derive(Deserialize)]
struct RawProperties<'a> {
    #[serde(borrow, default)]
    quality_rating: Loose<'a>,
    #[serde(borrow, default)]
    messaging_limit: Loose<'a>,
}

#[derive(Deserialize)]
struct RawReason<'a> {
    #[serde(borrow, default)]
    code: Loose<'a>,
}

impl RawSender<'_> {
    /// None: not a sender of WhatsApp.
    fn read(self) -> Option<WhatsappSender> {
        let address = self.sender_id.as_str().or(self.sender.as_str())?;
        let (quality, messaging_limit) = match self.properties {
            Some(Object(properties)) => (said(properties.quality_rating), said(properties.messaging_limit)),
            None => (None, None),
        };
        let urls = self
            .webhook
            .map(|Object(webhook)| [webhook.callback, webhook.fallback, webhook.status].map(said));
        let reasons = self.offline_reasons.unwrap_or_default();
        address.starts_with(WHATSAPP_PREFIX).then(|| WhatsappSender {
            address: address.to_owned(),
            status: self.status.as_str().unwrap_or_default().to_ascii_uppercase(),
            quality: quality.map(|word| word.to_ascii_uppercase()),
            messaging_limit,
            callback_urls: urls.into_iter().flatten().flatten().collect(),
            offline_codes: reasons.iter().filter_map(|Object(reason)| reason.code.number()).collect(),
        })
    }
}

/// A text that is not blank.
fn said(text: Loose<'_>) -> Option<String> {
    text.into_string().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

impl Client {
    /// The senders that messages of `sender` come from: the one with that address, or those in the pool of the Messaging
    /// Service. None are returned if Twilio lists none. `is_not_found()`: there is no such service.
    pub(crate) async fn whatsapp_senders(&self, sender: &Sender) -> Result<Vec<WhatsappSender>, ReadFault> {
        let wanted: HashSet<String> = match sender {
            Sender::From(address) => HashSet::from([address.clone()]),
            Sender::Service(sid) => {
                let first = self.endpoints.senders_of_service(sid).map_err(|_| ReadFault::Unreadable)?;
                let pool = self.walk_senders(first).await?;
                pool.into_iter().map(|sender| sender.address).collect()
            }
        };
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let all = self.walk_senders(self.endpoints.whatsapp_senders()).await?;
        Ok(all.into_iter().filter(|sender| wanted.contains(&sender.address)).collect())
    }

    async fn walk_senders(&self, first: Url) -> Result<Vec<WhatsappSender>, ReadFault> {
        let (mut found, mut next) = (Vec::new(), Some(first.clone()));
        for _ in 0..MOST_PAGES {
            let Some(url) = next else { return Ok(found) };
            let body = self.read(Operation::Senders, url, None).await?;
            let page: Page<'_> = parse_object(&body).ok_or(ReadFault::Unreadable)?;
            found.extend(page.senders.into_iter().filter_map(|Object(raw)| raw.read()));
            let Object(meta) = page.meta;
            next = match meta.next_page_url {
                Some(uri) => Some(endpoints::next_of(&first, &uri).ok_or(ReadFault::ForeignPage)?),
                None => None,
            };
        }
        if next.is_none() { Ok(found) } else { Err(ReadFault::Unreadable) }
    }
}
