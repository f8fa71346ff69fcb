//! The files of a message: their list, and one of them as a stream of bytes.
//!
//! Twilio docs, Media subresource: `…/Media/{Sid}` without `.json` answers with a redirect to a store on another host.

use std::{fmt, time::Duration};

use bytes::Bytes;
use reqwest::{
    Response,
    header::{ACCEPT, CONTENT_TYPE, HeaderValue, LOCATION},
};
use serde::Deserialize;
use shared::json::Object;
use tokio::time::{Instant, timeout};
use url::Url;

use super::answer::parse_object;
use super::client::Client;
use super::fault::ReadFault;
use super::loose::Loose;
use super::media_store::{NotAsked, is_not_asked};
use super::meter::{Ended, Operation};
use super::retry_after::retry_after;
use super::sid::{MediaSid, MessageSid};

/// Twilio redirects once.
const MOST_REDIRECTS: usize = 3;

/// A file as the list names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MediaRecord {
    pub(crate) sid: MediaSid,
    /// As WhatsApp or the carrier declared it.
    pub(crate) content_type: String,
}

/// Why a file cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MediaFault {
    #[error(transparent)]
    Read(#[from] ReadFault),
    #[error("Twilio redirects more than {MOST_REDIRECTS} times")]
    Redirects,
    #[error("Twilio redirects to an address that is not asked: not HTTPS, or not on the internet")]
    Address,
    #[error(
        "the HTTP client for Twilio's store could not start: are the system's CA certificates installed?"
    )]
    Client,
}

impl From<NotAsked> for MediaFault {
    fn from(why: NotAsked) -> Self {
        match why {
            NotAsked::Address => Self::Address,
            NotAsked::Client => Self::Client,
        }
    }
}

impl MediaFault {
    fn of(error: &reqwest::Error) -> Self {
        if is_not_asked(error) { Self::Address } else { Self::Read(ReadFault::of(error)) }
    }

    /// No such file, or it was deleted.
    pub(crate) fn is_not_found(self) -> bool {
        matches!(self, Self::Read(fault) if fault.is_not_found())
    }

    fn ended(self) -> Ended {
        match self {
            Self::Read(ReadFault::Status { status, .. }) => Ended::Answered(status),
            Self::Read(ReadFault::Timeout) => Ended::TimedOut,
            _ => Ended::Broken,
        }
    }
}

/// The bytes of a file, as they come.
pub(crate) struct MediaStream(Response);

impl MediaStream {
    /// As the store says.
    pub(crate) fn content_type(&self) -> Option<&str> {
        self.0.headers().get(CONTENT_TYPE)?.to_str().ok()
    }

    /// In bytes, if the store says it.
    pub(crate) fn length(&self) -> Option<u64> {
        self.0.content_length()
    }

    /// The next piece. `None`: that was all.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, MediaFault> {
        self.0.chunk().await.map_err(|error| MediaFault::of(&error))
    }
}

impl fmt::Debug for MediaStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MediaStream").finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    media_list: Vec<Object<RawMedia<'a>>>,
}

#[derive(Deserialize)]
struct RawMedia<'a> {
    #[serde(borrow, default)]
    sid: Loose<'a>,
    #[serde(borrow, default)]
    content_type: Loose<'a>,
}

impl Client {
    /// The files of a message, in Twilio's order. A message has at most ten, which one page holds.
    pub(crate) async fn list_media(&self, message: &MessageSid) -> Result<Vec<MediaRecord>, MediaFault> {
        let body = self.read(Operation::Media, self.endpoints.media_of(message), None).await?;
        let page: Page<'_> = parse_object(&body).ok_or(ReadFault::Unreadable)?;
        let record = |Object(raw): Object<RawMedia<'_>>| {
            let sid = MediaSid::parse(raw.sid.as_str()?).ok()?;
            Some(MediaRecord { sid, content_type: raw.content_type.into_string().unwrap_or_default() })
        };
        let records: Option<Vec<MediaRecord>> = page.media_list.into_iter().map(record).collect();
        Ok(records.ok_or(ReadFault::Unreadable)?)
    }

    /// Begins to read a file. All of it must come `within` this time; each answer begins within the usual limit.
    pub(crate) async fn open_media(
        &self,
        message: &MessageSid,
        media: &MediaSid,
        within: Duration,
    ) -> Result<MediaStream, MediaFault> {
        let started = Instant::now();
        let opened = self.follow(self.endpoints.media(message, media), started + within).await;
        let ended = match &opened {
            Ok(response) => Ended::Answered(response.status().as_u16()),
            Err(fault) => fault.ended(),
        };
        self.meter.request(Operation::Media, ended, started);
        opened.map(MediaStream)
    }

    /// Only our own base address gets the credentials.
    async fn follow(
        &self,
        first: Result<Url, url::ParseError>,
        end: Instant,
    ) -> Result<Response, MediaFault> {
        let mut url = first.map_err(|_| ReadFault::Unreadable)?;
        for _ in 0..=MOST_REDIRECTS {
            let call = if self.endpoints.is_ours(&url) {
                self.http.get(url.clone())
            } else {
                self.store.get(url.clone())?
            };
            let call = call.header(ACCEPT, HeaderValue::from_static("*/*"));
            let call = call.timeout(end.saturating_duration_since(Instant::now()));
            let response = match timeout(self.answer_within, call.send()).await {
                Ok(Ok(response)) => response,
                Ok(Err(error)) => return Err(MediaFault::of(&error)),
                Err(_) => return Err(ReadFault::Timeout.into()),
            };
            if !response.status().is_redirection() {
                return judge(response);
            }
            let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
            url = location.and_then(|location| url.join(location).ok()).ok_or(ReadFault::Unreadable)?;
        }
        Err(MediaFault::Redirects)
    }
}

fn judge(response: Response) -> Result<Response, MediaFault> {
    if response.status().is_success() {
        return Ok(response);
    }
    let (status, retry_after) = (response.status().as_u16(), retry_after(response.headers()));
    Err(ReadFault::Status { status, code: None, retry_after }.into())
}
