//! Single resources, and the check of the credentials.

use serde::Deserialize;

use super::answer::parse_object;
use super::client::Client;
use super::fault::ReadFault;
use super::loose::Loose;
use super::meter::Operation;
use super::record::{MessageRecord, RawRecord};
use super::sid::{MessageSid, ServiceSid};

/// The settings of a messaging service that matter for the welcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServiceRecord {
    pub(crate) friendly_name: Option<String>,
    pub(crate) status_callback: Option<String>,
    /// Seconds.
    pub(crate) validity_period: Option<u32>,
}

/// What the check of the credentials found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Preflight {
    Good,
    /// Refused with 403. For a restricted key this may only mean that it may not list, so it proves nothing.
    Undecided {
        code: Option<u32>,
    },
    /// Credentials or account are at fault.
    Refused {
        status: u16,
        code: Option<u32>,
    },
    /// No usable answer.
    Unavailable {
        fault: ReadFault,
    },
}

#[derive(Deserialize)]
struct RawService<'a> {
    #[serde(borrow, default)]
    friendly_name: Loose<'a>,
    #[serde(borrow, default)]
    status_callback: Loose<'a>,
    #[serde(borrow, default)]
    validity_period: Loose<'a>,
}

impl Client {
    /// The message. `is_not_found()` right after a create may only mean not yet.
    pub(crate) async fn fetch_message(&self, sid: &MessageSid) -> Result<MessageRecord, ReadFault> {
        let body = self.read(Operation::Fetch, self.endpoints.message(sid), None).await?;
        let raw: RawRecord<'_> = parse_object(&body).ok_or(ReadFault::Unreadable)?;
        Ok(raw.into())
    }

    /// The messaging service. `is_not_found()` means a wrong SID.
    pub(crate) async fn fetch_service(&self, sid: &ServiceSid) -> Result<ServiceRecord, ReadFault> {
        let body = self.read(Operation::Service, self.endpoints.service(sid), None).await?;
        let raw: RawService<'_> = parse_object(&body).ok_or(ReadFault::Unreadable)?;
        Ok(ServiceRecord {
            validity_period: raw.validity_period.number(),
            friendly_name: raw.friendly_name.into_string(),
            status_callback: raw.status_callback.into_string(),
        })
    }

    /// Asks for one message of the list, which every key that may send is able to do unless restricted.
    pub(crate) async fn preflight(&self) -> Preflight {
        let mut url = self.endpoints.messages().clone();
        url.set_query(Some("PageSize=1"));
        match self.read(Operation::Preflight, url, None).await {
            Ok(_) => Preflight::Good,
            Err(fault) => verdict(fault),
        }
    }
}

fn verdict(fault: ReadFault) -> Preflight {
    match fault.answer() {
        Some((403, code)) if !fault.is_account() => Preflight::Undecided { code },
        // 404 (20404) is an account SID that does not exist or does not belong to the key.
        Some((status @ (401 | 403 | 404), code)) => Preflight::Refused { status, code },
        _ => Preflight::Unavailable { fault },
    }
}
