//! What the account is, owns and may do. Only read, and never needed for sending.

use serde::Deserialize;
use shared::json::Object;

use super::answer::parse_object;
use super::client::Client;
use super::fault::ReadFault;
use super::loose::Loose;
use super::meter::Operation;

/// Whether an account may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AccountStatus {
    Active,
    /// Twilio holds it back, for debt or abuse.
    Suspended,
    Closed,
}

/// The account; its name is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AccountRecord {
    pub(crate) status: AccountStatus,
    /// A trial account texts verified numbers only.
    pub(crate) trial: bool,
}

#[derive(Deserialize)]
struct RawAccount<'a> {
    #[serde(borrow, default)]
    status: Loose<'a>,
    #[serde(borrow, default, rename = "type")]
    kind: Loose<'a>,
}

#[derive(Deserialize)]
struct RawNumbers {
    incoming_phone_numbers: Vec<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct RawPermissions<'a> {
    #[serde(borrow)]
    permissions: Vec<Object<RawPermission<'a>>>,
}

#[derive(Deserialize)]
struct RawPermission<'a> {
    #[serde(borrow, default)]
    country_code: Loose<'a>,
    enabled: bool,
}

impl Client {
    /// The account. Most API keys may not ask for it.
    pub(crate) async fn fetch_account(&self) -> Result<AccountRecord, ReadFault> {
        let body = self.read(Operation::Account, self.endpoints.account(), None).await?;
        let raw: RawAccount<'_> = parse_object(&body).ok_or(ReadFault::Unreadable)?;
        let status = match raw.status.as_str() {
            Some("active") => AccountStatus::Active,
            Some("suspended") => AccountStatus::Suspended,
            Some("closed") => AccountStatus::Closed,
            _ => return Err(ReadFault::Unreadable),
        };
        Ok(AccountRecord { status, trial: raw.kind.as_str() == Some("Trial") })
    }

    /// Whether a number in E.164 is one of the account's own.
    pub(crate) async fn owns_number(&self, e164: &str) -> Result<bool, ReadFault> {
        let body = self.read(Operation::Account, self.endpoints.own_number(e164), None).await?;
        let raw: RawNumbers = parse_object(&body).ok_or(ReadFault::Unreadable)?;
        Ok(!raw.incoming_phone_numbers.is_empty())
    }

    /// Whether the account may text a country, as in ISO 3166.
    pub(crate) async fn may_text(&self, country: &str) -> Result<bool, ReadFault> {
        let body = self.read(Operation::Account, self.endpoints.sms_permission(country), None).await?;
        let raw: RawPermissions<'_> = parse_object(&body).ok_or(ReadFault::Unreadable)?;
        let permission =
            raw.permissions.iter().map(|Object(p)| p).find(|p| p.country_code.as_str() == Some(country));
        permission.map(|p| p.enabled).ok_or(ReadFault::Unreadable)
    }
}
