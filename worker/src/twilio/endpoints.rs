//! Addresses of Twilio's resources, built once.

use url::Url;

use super::client_config::ClientConfig;
use super::sid::{MediaSid, MessageSid, ServiceSid};

const CONTENTS: &str = "ContentAndApprovals";
const WHATSAPP_SENDERS: &str = "v2/Channels/Senders?Channel=whatsapp&PageSize=50";

/// A base address cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{variable} must be an absolute http or https address such as {example}")]
pub(crate) struct EndpointsError {
    variable: &'static str,
    example: &'static str,
}

/// Ready-made addresses of one account.
#[derive(Clone)]
pub(crate) struct Endpoints {
    messages: Url,
    messages_folder: String,
    phone_numbers: Url,
    services: String,
    whatsapp_senders: Url,
    account: String,
    sms_permissions: String,
    contents: Url,
}

impl Endpoints {
    pub(super) fn new(config: &ClientConfig) -> Result<Self, EndpointsError> {
        let core = base(&config.api_base, "2010-04-01")
            .ok_or(EndpointsError { variable: "TWILIO_API_BASE_URL", example: "https://api.twilio.com" })?;
        let lookups = base(&config.lookups_base, "v2").ok_or(EndpointsError {
            variable: "TWILIO_LOOKUPS_BASE_URL",
            example: "https://lookups.twilio.com",
        })?;
        let messaging_fault =
            EndpointsError { variable: "TWILIO_MESSAGING_BASE_URL", example: "https://messaging.twilio.com" };
        let messaging = base(&config.messaging_base, "v1").ok_or(messaging_fault)?;
        let whatsapp_senders = messaging
            .strip_suffix("v1")
            .and_then(|root| Url::parse(&format!("{root}{WHATSAPP_SENDERS}")).ok())
            .ok_or(messaging_fault)?;
        let accounts = base(&config.accounts_base, "v1").ok_or(EndpointsError {
            variable: "TWILIO_ACCOUNTS_BASE_URL",
            example: "https://accounts.twilio.com",
        })?;
        let content_fault =
            EndpointsError { variable: "TWILIO_CONTENT_BASE_URL", example: "https://content.twilio.com" };
        let contents = base(&config.content_base, "v1")
            .and_then(|base| Url::parse(&format!("{base}/{CONTENTS}")).ok())
            .ok_or(content_fault)?;
        let account = format!("{core}/Accounts/{}", config.credentials.account());
        let folder = format!("{account}/Messages");
        let messages = Url::parse(&format!("{folder}.json")).map_err(|_| EndpointsError {
            variable: "TWILIO_API_BASE_URL",
            example: "https://api.twilio.com",
        })?;
        let phone_numbers = Url::parse(&format!("{lookups}/PhoneNumbers/")).map_err(|_| EndpointsError {
            variable: "TWILIO_LOOKUPS_BASE_URL",
            example: "https://lookups.twilio.com",
        })?;
        Ok(Self {
            messages,
            messages_folder: folder,
            phone_numbers,
            services: format!("{messaging}/Services/"),
            whatsapp_senders,
            account,
            sms_permissions: format!("{accounts}/Messaging/GeoPermissions?CountryCode="),
            contents,
        })
    }

    /// Create and list.
    pub(super) fn messages(&self) -> &Url {
        &self.messages
    }

    pub(super) fn message(&self, sid: &MessageSid) -> String {
        format!("{}/{sid}.json", self.messages_folder)
    }

    /// The list of a message's files.
    pub(super) fn media_of(&self, message: &MessageSid) -> String {
        format!("{}/{message}/Media.json", self.messages_folder)
    }

    /// One file itself.
    pub(super) fn media(&self, message: &MessageSid, media: &MediaSid) -> Result<Url, url::ParseError> {
        Url::parse(&format!("{}/{message}/Media/{}", self.messages_folder, media.as_str()))
    }

    /// Whether an address has the scheme, host and port of our base address.
    pub(super) fn is_ours(&self, url: &Url) -> bool {
        url.origin() == self.messages.origin()
    }

    pub(super) fn service(&self, sid: &ServiceSid) -> String {
        format!("{}{sid}", self.services)
    }

    /// First page of the senders in the pool of a Messaging Service that are no numbers for text messages.
    pub(super) fn senders_of_service(&self, sid: &ServiceSid) -> Result<Url, url::ParseError> {
        Url::parse(&format!("{}{sid}/ChannelSenders?PageSize=50", self.services))
    }

    /// First page of the account's senders of WhatsApp.
    pub(super) fn whatsapp_senders(&self) -> Url {
        self.whatsapp_senders.clone()
    }

    pub(super) fn account(&self) -> String {
        format!("{}.json", self.account)
    }

    /// The account's own numbers that are this one.
    pub(super) fn own_number(&self, e164: &str) -> String {
        let encoded: String = url::form_urlencoded::byte_serialize(e164.as_bytes()).collect();
        format!("{}/IncomingPhoneNumbers.json?PhoneNumber={encoded}", self.account)
    }

    /// Whether a country, as in ISO 3166, may be texted.
    pub(super) fn sms_permission(&self, country: &str) -> String {
        format!("{}{country}", self.sms_permissions)
    }

    /// Lookup of a number in E.164; its plus sign is written as `%2B`.
    pub(super) fn phone_number(&self, e164: &str) -> Url {
        let mut url = self.phone_numbers.clone();
        let folder = url.path().to_owned();
        let encoded = url::form_urlencoded::byte_serialize(e164.as_bytes());
        // Only the path is parsed: of a whole address, the host costs most.
        url.set_path(&encoded.fold(folder, |path, part| path + part));
        url
    }

    /// First page of the messages to a number.
    pub(super) fn messages_to(&self, e164: &str, page_size: u16) -> Url {
        let mut url = self.messages.clone();
        url.query_pairs_mut().append_pair("To", e164).append_pair("PageSize", &page_size.to_string());
        url
    }

    /// First page of all messages.
    pub(super) fn messages_of_account(&self, page_size: u16) -> Url {
        let mut url = self.messages.clone();
        url.query_pairs_mut().append_pair("PageSize", &page_size.to_string());
        url
    }

    /// First page of the templates with their approvals.
    pub(super) fn contents(&self, page_size: u16) -> Url {
        let mut url = self.contents.clone();
        url.query_pairs_mut().append_pair("PageSize", &page_size.to_string());
        url
    }

    /// A further page of the templates, as [`next_of`] makes it.
    pub(super) fn next_contents(&self, uri: &str) -> Option<Url> {
        next_of(&self.contents, uri)
    }

    /// A further page. Only one on the same scheme, host and port, since it is asked with our credentials.
    pub(super) fn next_page(&self, uri: &str) -> Option<Url> {
        let url = self.messages.join(uri).ok()?;
        self.is_ours(&url).then_some(url)
    }
}

/// A further page of the list whose first page is `first`. Twilio gives its whole address; only its query is taken, so that
/// our base address holds and our credentials go nowhere else. `None`: it is an address of another list.
pub(super) fn next_of(first: &Url, uri: &str) -> Option<Url> {
    let next = first.join(uri).ok()?;
    let list = first.path_segments()?.next_back()?;
    (next.path_segments()?.next_back() == Some(list)).then(|| {
        let mut url = first.clone();
        url.set_query(next.query());
        url
    })
}

/// The address without trailing slash and with exactly one API version.
fn base(url: &Url, version: &str) -> Option<String> {
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() || url.query().is_some() {
        return None;
    }
    let text = url.as_str().trim_end_matches('/');
    let root = text.strip_suffix(version).map_or(text, |root| root.trim_end_matches('/'));
    Some(format!("{root}/{version}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::credentials::Credentials;
    use super::*;

    const ACCOUNT: &str = "AC00000000000000000000000000000001";

    fn endpoints(api: &str) -> Result<Endpoints, EndpointsError> {
        Endpoints::new(&ClientConfig {
            credentials: Credentials::token(ACCOUNT, &"token".into()).unwrap(),
            api_base: api.parse().unwrap(),
            lookups_base: "https://lookups.twilio.com/".parse().unwrap(),
            messaging_base: "https://messaging.twilio.com/v1".parse().unwrap(),
            accounts_base: "https://accounts.twilio.com".parse().unwrap(),
            content_base: "http://127.0.0.1:8901/v1".parse().unwrap(),
            connect_timeout: Duration::from_secs(1),
            timeout: Duration::from_secs(1),
        })
    }

    #[test]
    fn a_base_may_end_in_slash_or_version() {
        for api in [
            "https://api.twilio.com",
            "https://api.twilio.com/2010-04-01",
            "https://api.twilio.com/2010-04-01/",
        ] {
            let messages = endpoints(api).unwrap().messages().to_string();
            assert_eq!(
                messages,
                format!("https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages.json")
            );
        }
    }

    #[test]
    fn resources_have_their_addresses() {
        let endpoints = endpoints("http://127.0.0.1:8901").unwrap();
        let zeros = "0".repeat(31);
        let message = endpoints.message(&MessageSid::parse(&format!("SM{zeros}1")).unwrap());
        assert_eq!(
            message,
            format!("http://127.0.0.1:8901/2010-04-01/Accounts/{ACCOUNT}/Messages/SM{zeros}1.json")
        );
        assert_eq!(
            endpoints.phone_number("+9779841234567").as_str(),
            "https://lookups.twilio.com/v2/PhoneNumbers/%2B9779841234567"
        );
        let service = endpoints.service(&ServiceSid::parse(&format!("MG{zeros}1")).unwrap());
        assert_eq!(service, format!("https://messaging.twilio.com/v1/Services/MG{zeros}1"));
        let senders = endpoints.whatsapp_senders();
        let expected = "https://messaging.twilio.com/v2/Channels/Senders?Channel=whatsapp&PageSize=50";
        assert_eq!(senders.as_str(), expected);
        let next = "https://messaging.twilio.com/v2/Channels/Senders?Page=1&PageToken=PA";
        assert_eq!(next_of(&senders, next).unwrap().as_str(), next);
        assert_eq!(next_of(&senders, "https://messaging.twilio.com/v2/Channels"), None);
        assert_eq!(
            endpoints.messages_to("+9779841234567", 50).query(),
            Some("To=%2B9779841234567&PageSize=50")
        );
    }

    #[test]
    fn a_next_page_stays_on_the_host() {
        let endpoints = endpoints("http://127.0.0.1:8901").unwrap();
        let next = endpoints.next_page("/2010-04-01/Accounts/AC/Messages.json?Page=1").unwrap();
        assert_eq!(next.as_str(), "http://127.0.0.1:8901/2010-04-01/Accounts/AC/Messages.json?Page=1");
        for foreign in
            ["//example.com/x", "https://127.0.0.1:8901/x", "http://127.0.0.1:1/x", "file:///etc/passwd"]
        {
            assert_eq!(endpoints.next_page(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn a_next_page_of_templates_keeps_our_host() {
        let endpoints = endpoints("https://api.twilio.com").unwrap();
        let first = "http://127.0.0.1:8901/v1/ContentAndApprovals?PageSize=1000";
        assert_eq!(endpoints.contents(1000).as_str(), first);
        for (next, expected) in [
            (
                "https://content.twilio.com/v1/ContentAndApprovals?PageSize=2&Page=1&PageToken=PA",
                Some("PageSize=2&Page=1&PageToken=PA"),
            ),
            ("https://evil.example/v1/ContentAndApprovals?Page=1", Some("Page=1")),
            ("/v1/ContentAndApprovals?Page=1", Some("Page=1")),
            ("https://content.twilio.com/v1/Content?Page=1", None),
            ("https://content.twilio.com/", None),
            ("file:///etc/passwd", None),
        ] {
            let found = endpoints.next_contents(next);
            let expected =
                expected.map(|query| format!("http://127.0.0.1:8901/v1/ContentAndApprovals?{query}"));
            assert_eq!(found.as_ref().map(Url::as_str), expected.as_deref(), "{next}");
        }
    }

    #[test]
    fn an_unusable_base_names_its_variable() {
        for api in ["ftp://api.twilio.com", "data:x", "https://api.twilio.com/?a=b"] {
            let error = endpoints(api).err().unwrap().to_string();
            assert!(error.starts_with("TWILIO_API_BASE_URL must be"), "{error}");
        }
    }
}
