//! What a fault does. In JSON an object with `"type"` in snake case: `{"type":"hang","ms":40000,"store":true}`.

use serde::{Deserialize, Serialize};

/// One deviation from a healthy answer. Several may be combined in one rule.
///
/// `store: true` means that a create call takes effect (the message is in the ledger and gets its callbacks)
/// although the caller does not learn so; without it nothing happens to the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// An HTTP error. Status and message follow from `code`, the code from `status`, unless given.
    Error {
        /// HTTP status.
        status: Option<u16>,
        /// Twilio's error code.
        code: Option<u32>,
        /// Text of the `message` field.
        message: Option<String>,
        /// Seconds for a `Retry-After` header.
        retry_after: Option<u32>,
        /// A body that is not Twilio's JSON.
        body: Option<PlainBody>,
        /// Whether the call takes effect first.
        #[serde(default)]
        store: bool,
    },
    /// The connection is reset without an answer.
    Reset {
        /// Whether the call takes effect first.
        #[serde(default)]
        store: bool,
    },
    /// Nothing for `ms` milliseconds; then the answer if stored, a reset if not.
    Hang {
        /// Milliseconds.
        ms: u64,
        /// Whether the call takes effect, at once.
        #[serde(default)]
        store: bool,
    },
    /// The right status, with half of the JSON; a create call takes effect.
    BrokenJson,
    /// A create call takes effect and its callbacks go out at once; the answer follows `ms` later.
    CallbackFirst {
        /// Milliseconds.
        ms: u64,
    },
    /// `ms` before anything happens. The call takes effect even if the caller has gone meanwhile.
    Latency {
        /// Milliseconds.
        ms: u64,
    },
    /// A refusal where Twilio would report it: at once with `From`, as a failed message with a service.
    Refuse {
        /// Twilio's error code.
        code: u32,
    },
    /// The message is accepted and ends like this.
    FinalStatus {
        /// How it ends.
        status: FailedStatus,
        /// Twilio's error code.
        error_code: u32,
    },
    /// The message is accepted and fails, as `failed` or `undelivered` at random.
    Fail {
        /// Twilio's error code.
        error_code: u32,
    },
    /// The message is accepted and `sent` is its last status.
    SentLast,
    /// The message is delivered, and read if it went by WhatsApp.
    Read,
    /// The message is delivered and not read.
    Unread,
    /// `read` is reported before `delivered`.
    ReadFirst,
    /// The message fails on one device and is delivered on another.
    FailedThenDelivered {
        /// Twilio's error code.
        error_code: u32,
    },
    /// The message is delivered on one device and fails on another.
    DeliveredThenFailed {
        /// Twilio's error code.
        error_code: u32,
    },
    /// The recipient's phone is off: the message stays `sent` until `POST /_sim/online`.
    Offline,
    /// WhatsApp callbacks name the business-scoped user id in place of the phone.
    HiddenPhone,
    /// Each callback is sent `ms` after its change of status, by the clock that tests move.
    LateCallbacks {
        /// Milliseconds.
        ms: u64,
    },
    /// One more callback, before the last, reports a status that Twilio does not have.
    ExtraCallback {
        /// For example `reviewing`.
        status: String,
    },
    /// No callback is ever sent for the message.
    NoCallbacks,
    /// Every callback is sent `copies` times.
    DuplicateCallbacks {
        /// At least 2 to have an effect.
        #[serde(default = "two")]
        copies: u8,
    },
    /// The callbacks are sent in a wrong order, when all has happened.
    ShuffleCallbacks,
    /// The callbacks carry a wrong signature.
    WrongSignature,
    /// The callbacks carry no signature.
    MissingSignature,
    /// On create: the message is in no list for `ms`. On list: younger messages are left out.
    ListLag {
        /// Milliseconds.
        ms: u64,
    },
    /// On create: fetching the message answers 404 for `ms`. On fetch: a younger message answers 404.
    FetchNotFound {
        /// Milliseconds.
        ms: u64,
    },
    /// The next page of a list is the same page again.
    RepeatPage,
    /// The list never ends: after its last item it begins again.
    EndlessPages,
    /// Lookup answers 200 with `valid: false`.
    LookupInvalid {
        /// For example `TOO_SHORT`.
        error: String,
    },
    /// Lookup answers 200 and the package carries an error.
    LookupPackageError {
        /// For example 60600, no coverage.
        code: u32,
    },
    /// Lookup answers this line type.
    LookupLine {
        /// For example `landline`.
        line_type: String,
    },
}

/// How a message ends that does not arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailedStatus {
    /// Twilio could not send it.
    Failed,
    /// The carrier could not deliver it.
    Undelivered,
}

/// Bodies that proxies in front of an API answer with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlainBody {
    /// An HTML page.
    Html,
    /// Nothing.
    Empty,
}

fn two() -> u8 {
    2
}

impl Action {
    /// The error `code` with its usual status, before anything takes effect.
    pub fn error(code: u32) -> Self {
        Self::Error {
            status: None,
            code: Some(code),
            message: None,
            retry_after: None,
            body: None,
            store: false,
        }
    }

    /// The HTTP status with its usual code, before (`store: false`) or after the call takes effect.
    pub fn status(status: u16, store: bool) -> Self {
        Self::Error { status: Some(status), code: None, message: None, retry_after: None, body: None, store }
    }

    /// 429 with code 20429 and a `Retry-After` of `seconds`.
    pub fn too_many_requests(seconds: u32) -> Self {
        Self::Error {
            status: None,
            code: Some(20429),
            message: None,
            retry_after: Some(seconds),
            body: None,
            store: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Action, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn reads_with_defaults() {
        assert_eq!(read(r#"{"type":"error","code":21610}"#).unwrap(), Action::error(21610));
        assert_eq!(read(r#"{"type":"error","status":500,"store":true}"#).unwrap(), Action::status(500, true));
        assert_eq!(read(r#"{"type":"reset"}"#).unwrap(), Action::Reset { store: false });
        assert_eq!(
            read(r#"{"type":"duplicate_callbacks"}"#).unwrap(),
            Action::DuplicateCallbacks { copies: 2 }
        );
    }

    #[test]
    fn misspellings_are_refused() {
        for bad in [r#"{"type":"hang","msec":5}"#, r#"{"type":"hangs","ms":5}"#, r#"{"ms":5}"#, "1"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
