//! The Twilio account and its endpoints.

use super::{Section, Setting};

pub(super) const TWILIO: Section = Section {
    headline: "Twilio",
    introduction: "",
    settings: &[
        TWILIO_ACCOUNT_SID,
        TWILIO_AUTH_TOKEN,
        TWILIO_API_KEY_SID,
        TWILIO_API_KEY_SECRET,
        TWILIO_MESSAGING_SERVICE_SID,
        TWILIO_FROM,
        TWILIO_API_BASE_URL,
        TWILIO_LOOKUPS_BASE_URL,
        TWILIO_MESSAGING_BASE_URL,
        TWILIO_ACCOUNTS_BASE_URL,
        TWILIO_CONTENT_BASE_URL,
        TWILIO_CONNECT_TIMEOUT,
        TWILIO_TIMEOUT,
        LOOKUP_TIMEOUT,
        WEBHOOK_ADDR,
        PUBLIC_URL,
    ],
};

pub const TWILIO_ACCOUNT_SID: Setting = Setting::required(
    "TWILIO_ACCOUNT_SID",
    "the account, `AC` and 32 hex digits: Twilio console, Account info",
);

pub const TWILIO_AUTH_TOKEN: Setting = Setting::required("TWILIO_AUTH_TOKEN", "the account's auth token: it sends, and checks callbacks. Several, separated by commas, during rotation: the first one sends, all check").secret();

pub const TWILIO_API_KEY_SID: Setting = Setting::new(
    "TWILIO_API_KEY_SID",
    "",
    "an API key to send with, instead of the token; the token then only checks callbacks",
);

pub const TWILIO_API_KEY_SECRET: Setting =
    Setting::new("TWILIO_API_KEY_SECRET", "", "the secret of that key").secret();

pub const TWILIO_MESSAGING_SERVICE_SID: Setting = Setting::new(
    "TWILIO_MESSAGING_SERVICE_SID",
    "",
    "the Messaging Service to send with; this or `TWILIO_FROM` is required, not both",
);

pub const TWILIO_FROM: Setting =
    Setting::new("TWILIO_FROM", "", "a sender of the account, if a Messaging Service is not used");

pub const TWILIO_API_BASE_URL: Setting =
    Setting::new("TWILIO_API_BASE_URL", "https://api.twilio.com", "host of the messages API");

pub const TWILIO_LOOKUPS_BASE_URL: Setting =
    Setting::new("TWILIO_LOOKUPS_BASE_URL", "https://lookups.twilio.com", "host of Lookup");

pub const TWILIO_MESSAGING_BASE_URL: Setting =
    Setting::new("TWILIO_MESSAGING_BASE_URL", "https://messaging.twilio.com", "host of Messaging Services");

pub const TWILIO_ACCOUNTS_BASE_URL: Setting = Setting::new(
    "TWILIO_ACCOUNTS_BASE_URL",
    "https://accounts.twilio.com",
    "host of the permissions by country, which only `worker doctor` asks",
);

pub const TWILIO_CONTENT_BASE_URL: Setting =
    Setting::new("TWILIO_CONTENT_BASE_URL", "https://content.twilio.com", "host of the templates");

pub const TWILIO_CONNECT_TIMEOUT: Setting =
    Setting::new("TWILIO_CONNECT_TIMEOUT", "5s", "limit for a connection; a slower one counts as not made");

pub const TWILIO_TIMEOUT: Setting =
    Setting::new("TWILIO_TIMEOUT", "30s", "a call that takes longer has an unknown outcome; under 150s");

pub const LOOKUP_TIMEOUT: Setting = Setting::new(
    "LOOKUP_TIMEOUT",
    "2s",
    "limit for a Lookup; after three timeouts in a row, numbers are sent without Lookup for 30 seconds",
);

pub const WEBHOOK_ADDR: Setting = Setting::new(
    "WEBHOOK_ADDR",
    "127.0.0.1:8080",
    "address that receives Twilio's status callbacks, and serves the page of `STOP_LINK_BASE`",
);

pub const PUBLIC_URL: Setting = Setting::new(
    "PUBLIC_URL",
    "",
    "how Twilio reaches `WEBHOOK_ADDR`, such as `https://hooks.example.org`; empty: without callbacks",
);
