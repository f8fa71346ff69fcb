//! Why a call ended without a usable answer. Nothing here holds an address, number or body.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

/// The request was never written: nothing happened at Twilio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub(crate) enum PathFault {
    #[error("host name could not be resolved")]
    Dns,
    #[error("connection refused or unreachable")]
    Connect,
    #[error("TLS handshake failed")]
    Tls,
    #[error("no connection within the time limit")]
    ConnectTimeout,
    #[error("connection was gone before the request could be written")]
    Closed,
}

impl PathFault {
    pub(super) fn of(error: &reqwest::Error) -> Self {
        if error.is_dns() {
            Self::Dns
        } else if error.is_timeout() {
            Self::ConnectTimeout
        } else if !error.is_connect() {
            Self::Closed
        } else if is_tls(error) {
            Self::Tls
        } else {
            Self::Connect
        }
    }
}

fn is_tls(error: &(dyn StdError + 'static)) -> bool {
    if error.is::<rustls::Error>() {
        return true;
    }
    // An io::Error does not name the error it wraps as its source.
    let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    match wrapped {
        Some(wrapped) => is_tls(wrapped),
        None => error.source().is_some_and(is_tls),
    }
}

/// The request was or may have been written, and no definite answer came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub(crate) enum UnknownCause {
    #[error("no answer within the time limit")]
    Timeout,
    #[error("connection lost before the whole answer was read")]
    Lost,
    #[error("answered HTTP {status}")]
    ServerError { status: u16, code: Option<u32> },
    #[error("answered HTTP {status} with a body that cannot be read")]
    Unreadable { status: u16 },
    #[error("answered HTTP {status} without a message SID")]
    NoSid { status: u16 },
    #[error("answered with an unexpected HTTP {status}")]
    Unexpected { status: u16 },
}

impl UnknownCause {
    pub(super) fn of(error: &reqwest::Error) -> Self {
        if error.is_timeout() { Self::Timeout } else { Self::Lost }
    }

    /// A name for logs and rows.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Lost => "lost",
            Self::ServerError { .. } => "server_error",
            Self::Unreadable { .. } => "unreadable",
            Self::NoSid { .. } => "no_sid",
            Self::Unexpected { .. } => "unexpected",
        }
    }
}

/// A call that only reads has failed; it may be repeated at will.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReadFault {
    #[error("Twilio could not be reached: {0}")]
    Path(PathFault),
    #[error("no answer from Twilio within the time limit")]
    Timeout,
    #[error("connection to Twilio lost before the whole answer was read")]
    Lost,
    #[error("Twilio answered HTTP {status}, error code {}", code.unwrap_or(0))]
    Status { status: u16, code: Option<u32>, retry_after: Option<Duration> },
    #[error("Twilio's answer cannot be read")]
    Unreadable,
    #[error("Twilio's next page is on another host")]
    ForeignPage,
}

impl ReadFault {
    pub(super) fn of(error: &reqwest::Error) -> Self {
        if error.is_connect() {
            Self::Path(PathFault::of(error))
        } else if error.is_timeout() {
            Self::Timeout
        } else {
            Self::Lost
        }
    }

    /// HTTP status and code of the answer, if there was one.
    pub(crate) fn answer(self) -> Option<(u16, Option<u32>)> {
        match self {
            Self::Status { status, code, .. } => Some((status, code)),
            _ => None,
        }
    }

    /// Credentials or account are at fault, so sending would fail as well: wrong credentials (20003),
    /// account not active (20005), suspended or closed (20403). Any other 403 may only mean that a restricted
    /// key lacks the permission to read.
    pub(crate) fn is_account(self) -> bool {
        match self {
            Self::Status { status: 401, .. } => true,
            Self::Status { status: 403, code, .. } => matches!(code, Some(20003 | 20005 | 20403)),
            _ => false,
        }
    }

    /// The credentials or the account may not do this, although they may send.
    pub(crate) fn is_forbidden(self) -> bool {
        matches!(self, Self::Status { status: 403 | 405, .. }) && !self.is_account()
    }

    /// Too many calls at once, or too many of this kind.
    pub(crate) fn is_throttled(self) -> bool {
        matches!(self, Self::Status { status: 429, .. })
    }

    /// No such resource, or not yet: a fetch right after a create may see this.
    pub(crate) fn is_not_found(self) -> bool {
        matches!(self, Self::Status { status: 404, .. })
    }
}
