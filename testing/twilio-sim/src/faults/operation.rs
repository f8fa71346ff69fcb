//! The operations of the API, as rules and statistics name them.

use serde::{Deserialize, Serialize};

/// One operation of the simulated API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// `POST …/Messages.json`
    Create,
    /// `GET …/Messages.json`
    List,
    /// `GET …/Messages/{SM}.json`
    Fetch,
    /// `POST …/Messages/{SM}.json` with an empty `Body`
    Redact,
    /// `GET …/Messages/{SM}/Media.json`
    MediaList,
    /// `GET …/Messages/{SM}/Media/{ME}` and `…/{ME}.json`
    MediaFetch,
    /// `GET /v2/PhoneNumbers/{number}`
    Lookup,
    /// `GET /v1/Services/{MG}`
    Service,
    /// `GET …/Accounts/{AC}.json`
    Account,
    /// `GET …/IncomingPhoneNumbers.json`
    Senders,
    /// `POST …/OutgoingCallerIds.json`
    CallerId,
    /// `GET /v1/Messaging/GeoPermissions`
    Geo,
    /// `POST /v1/Content`
    ContentCreate,
    /// `GET /v1/Content`, `/v1/ContentAndApprovals`, `/v1/LegacyContent`, and the same in v2
    ContentList,
    /// `GET /v1/Content/{HX}`
    ContentFetch,
    /// `PUT /v1/Content/{HX}`
    ContentUpdate,
    /// `DELETE /v1/Content/{HX}`
    ContentDelete,
    /// `POST /v1/Content/{HX}/ApprovalRequests/whatsapp`
    ApprovalCreate,
    /// `GET /v1/Content/{HX}/ApprovalRequests`
    ApprovalFetch,
    /// `GET /v2/Channels/Senders`, `…/{XE}` and `/v1/Services/{MG}/ChannelSenders`
    ChannelSenders,
    /// Any other path or method.
    Unknown,
}

impl Operation {
    /// All of them, in the order of [`Operation::index`].
    pub(crate) const ALL: [Self; 21] = [
        Self::Create,
        Self::List,
        Self::Fetch,
        Self::Redact,
        Self::MediaList,
        Self::MediaFetch,
        Self::Lookup,
        Self::Service,
        Self::Account,
        Self::Senders,
        Self::CallerId,
        Self::Geo,
        Self::ContentCreate,
        Self::ContentList,
        Self::ContentFetch,
        Self::ContentUpdate,
        Self::ContentDelete,
        Self::ApprovalCreate,
        Self::ApprovalFetch,
        Self::ChannelSenders,
        Self::Unknown,
    ];

    pub(crate) fn index(self) -> usize {
        self as usize
    }
}

#[cfg(test)]
mod tests {
    use super::Operation;

    #[test]
    fn the_index_finds_the_operation() {
        for operation in Operation::ALL {
            assert_eq!(Operation::ALL[operation.index()], operation);
        }
    }
}
