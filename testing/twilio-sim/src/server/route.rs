//! Which resource a request names.

use bytes::Bytes;
use hyper::Method;
use url::form_urlencoded;

use crate::faults::{Effects, Operation};
use crate::form::Form;

/// A request of the API, decoded.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) resource: Resource,
    pub(crate) operation: Operation,
    /// Path as sent, for error texts and URIs.
    pub(crate) path: String,
    /// Host and port that the caller named.
    pub(crate) host: String,
    pub(crate) query: Form,
    /// Empty unless the body was form encoded.
    pub(crate) form: Form,
    /// As sent.
    pub(crate) body: Bytes,
    pub(crate) effects: Effects,
}

/// The resources that exist, by path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Resource {
    Messages {
        account: String,
    },
    Message {
        account: String,
        sid: String,
    },
    MediaList {
        account: String,
        sid: String,
    },
    /// One file, described if `media` ends with `.json`.
    Media {
        account: String,
        sid: String,
        media: String,
    },
    Account {
        account: String,
    },
    Senders {
        account: String,
    },
    CallerIds {
        account: String,
    },
    Lookup {
        number: String,
    },
    Service {
        sid: String,
    },
    GeoPermissions,
    Contents(ContentList),
    Content {
        sid: String,
    },
    /// The approvals of a content, by `GET`.
    Approvals {
        content: String,
    },
    /// The approval of a content for WhatsApp, by `POST`.
    Approval {
        content: String,
    },
    ChannelSenders,
    ChannelSender {
        sid: String,
    },
    ServiceSenders {
        service: String,
    },
    /// No such path, `.json` forgotten included.
    Unknown,
}

/// The lists of contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ContentList {
    Plain,
    WithApprovals,
    Legacy,
}

impl Resource {
    pub(crate) fn of(path: &str) -> Self {
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        match parts.as_slice() {
            ["2010-04-01", "Accounts", rest @ ..] => Self::of_account(rest).unwrap_or(Self::Unknown),
            ["v2", "PhoneNumbers", number] if !number.is_empty() => Self::Lookup { number: unescape(number) },
            ["v1", "Services", sid] => Self::Service { sid: (*sid).to_owned() },
            ["v1", "Services", service, "ChannelSenders"] => {
                Self::ServiceSenders { service: (*service).to_owned() }
            }
            ["v2", "Channels", "Senders"] => Self::ChannelSenders,
            ["v2", "Channels", "Senders", sid] => Self::ChannelSender { sid: (*sid).to_owned() },
            ["v1" | "v2", "Content"] => Self::Contents(ContentList::Plain),
            ["v1" | "v2", "ContentAndApprovals"] => Self::Contents(ContentList::WithApprovals),
            ["v1", "LegacyContent"] => Self::Contents(ContentList::Legacy),
            ["v1", "Content", sid] => Self::Content { sid: (*sid).to_owned() },
            ["v1", "Content", sid, "ApprovalRequests"] => Self::Approvals { content: (*sid).to_owned() },
            ["v1", "Content", sid, "ApprovalRequests", "whatsapp"] => {
                Self::Approval { content: (*sid).to_owned() }
            }
            ["v1", "Messaging", "GeoPermissions"] => Self::GeoPermissions,
            _ => Self::Unknown,
        }
    }

    fn of_account(parts: &[&str]) -> Option<Self> {
        let name = |text: &str| text.strip_suffix(".json").map(str::to_owned);
        match parts {
            [account] => Some(Self::Account { account: name(account)? }),
            [account, collection] => {
                let account = (*account).to_owned();
                match *collection {
                    "Messages.json" => Some(Self::Messages { account }),
                    "IncomingPhoneNumbers.json" => Some(Self::Senders { account }),
                    "OutgoingCallerIds.json" => Some(Self::CallerIds { account }),
                    _ => None,
                }
            }
            [account, "Messages", sid] => {
                Some(Self::Message { account: (*account).to_owned(), sid: name(sid)? })
            }
            [account, "Messages", sid, "Media.json"] => {
                Some(Self::MediaList { account: (*account).to_owned(), sid: (*sid).to_owned() })
            }
            [account, "Messages", sid, "Media", media] => Some(Self::Media {
                account: (*account).to_owned(),
                sid: (*sid).to_owned(),
                media: (*media).to_owned(),
            }),
            _ => None,
        }
    }

    /// The account in the path, if the resource has one.
    pub(crate) fn account(&self) -> Option<&str> {
        match self {
            Self::Messages { account }
            | Self::Message { account, .. }
            | Self::MediaList { account, .. }
            | Self::Media { account, .. }
            | Self::Account { account }
            | Self::Senders { account }
            | Self::CallerIds { account } => Some(account),
            _ => None,
        }
    }

    /// The operation, or none where the method is not allowed.
    pub(crate) fn operation(&self, method: &Method) -> Option<Operation> {
        match (self, method) {
            (Self::Unknown, _) => Some(Operation::Unknown),
            (Self::Messages { .. }, &Method::POST) => Some(Operation::Create),
            (Self::CallerIds { .. }, &Method::POST) => Some(Operation::CallerId),
            (Self::Messages { .. }, &Method::GET) => Some(Operation::List),
            (Self::Message { .. }, &Method::GET) => Some(Operation::Fetch),
            (Self::Message { .. }, &Method::POST) => Some(Operation::Redact),
            (Self::MediaList { .. }, &Method::GET) => Some(Operation::MediaList),
            (Self::Media { .. }, &Method::GET) => Some(Operation::MediaFetch),
            (Self::Account { .. }, &Method::GET) => Some(Operation::Account),
            (Self::Senders { .. }, &Method::GET) => Some(Operation::Senders),
            (Self::Lookup { .. }, &Method::GET) => Some(Operation::Lookup),
            (Self::Service { .. }, &Method::GET) => Some(Operation::Service),
            (Self::GeoPermissions, &Method::GET) => Some(Operation::Geo),
            (Self::Contents(ContentList::Plain), &Method::POST) => Some(Operation::ContentCreate),
            (Self::Contents(_), &Method::GET) => Some(Operation::ContentList),
            (Self::Content { .. }, &Method::GET) => Some(Operation::ContentFetch),
            (Self::Content { .. }, &Method::PUT) => Some(Operation::ContentUpdate),
            (Self::Content { .. }, &Method::DELETE) => Some(Operation::ContentDelete),
            (Self::Approvals { .. }, &Method::GET) => Some(Operation::ApprovalFetch),
            (Self::Approval { .. }, &Method::POST) => Some(Operation::ApprovalCreate),
            (
                Self::ChannelSenders | Self::ChannelSender { .. } | Self::ServiceSenders { .. },
                &Method::GET,
            ) => Some(Operation::ChannelSenders),
            _ => None,
        }
    }
}

/// Undoes percent-encoding; in a path `+` stands for itself.
fn unescape(part: &str) -> String {
    let query = format!("n={}", part.replace('+', "%2B").replace(['&', ';'], "%26"));
    form_urlencoded::parse(query.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_need_json() {
        let account = "AC1".to_owned();
        assert_eq!(Resource::of("/2010-04-01/Accounts/AC1/Messages.json"), Resource::Messages { account });
        for path in [
            "/2010-04-01/Accounts/AC1/Messages",
            "/2010-04-01/Accounts/AC1/Messages/SM1",
            "/2010-04-01/accounts/AC1/Messages.json",
            "/2010-04-01/Accounts/AC1",
            "/",
        ] {
            assert_eq!(Resource::of(path), Resource::Unknown, "{path}");
        }
    }

    #[test]
    fn lookup_numbers_are_unescaped() {
        for path in ["/v2/PhoneNumbers/%2B977984", "/v2/PhoneNumbers/+977984"] {
            assert_eq!(Resource::of(path), Resource::Lookup { number: "+977984".to_owned() });
        }
    }

    #[test]
    fn contents_and_their_approvals() {
        let sid = "HX1".to_owned();
        for (path, expected) in [
            ("/v1/Content", Resource::Contents(ContentList::Plain)),
            ("/v2/ContentAndApprovals", Resource::Contents(ContentList::WithApprovals)),
            ("/v2/LegacyContent", Resource::Unknown),
            ("/v1/Content/HX1", Resource::Content { sid: sid.clone() }),
            ("/v1/Content/HX1/ApprovalRequests", Resource::Approvals { content: sid.clone() }),
            ("/v1/Content/HX1/ApprovalRequests/whatsapp", Resource::Approval { content: sid }),
        ] {
            assert_eq!(Resource::of(path), expected, "{path}");
        }
        assert_eq!(Resource::of("/v2/Content").operation(&Method::PUT), None);
    }

    #[test]
    fn methods() {
        let messages = Resource::of("/2010-04-01/Accounts/AC1/Messages.json");
        assert_eq!(messages.operation(&Method::POST), Some(Operation::Create));
        assert_eq!(messages.operation(&Method::GET), Some(Operation::List));
        assert_eq!(messages.operation(&Method::DELETE), None);
    }
}
