//! What people write to us.

use super::{Section, Setting};

pub(super) const INBOX: Section = Section {
    headline: "Inbox",
    introduction: "People can write back by SMS and WhatsApp. Twilio calls `PUBLIC_URL` with the path `/twilio/inbound`; set that address for the\nnumber, the Messaging Service or the WhatsApp sender in Twilio's console.",
    settings: &[INBOX_KEY, INBOUND_RECONCILE, REPLIES_PER_HOUR, STAFF_HOURS, STAFF_PHONES],
};

pub const INBOX_KEY: Setting = Setting::new(
    "INBOX_KEY",
    "",
    "the keys that the texts of inbound messages are encrypted with: 32 bytes in hex or base64, such as `openssl rand -hex 32` makes, several separated by commas. The first encrypts, all decrypt, so a new key goes before the others. The same for all workers, and kept apart from backups of the database. Empty: inbound messages are not taken, and `/twilio/inbound` answers 404",
)
.secret();

pub const INBOUND_RECONCILE: Setting = Setting::new(
    "INBOUND_RECONCILE",
    "10m",
    "how often Twilio's list is searched for inbound messages that the webhook did not get; `0`: never",
);

pub const REPLIES_PER_HOUR: Setting = Setting::new(
    "REPLIES_PER_HOUR",
    "3",
    "automatic answers to one person within an hour, at most; `0`: none at all, not even to a stop",
);

pub const STAFF_HOURS: Setting = Setting::new(
    "STAFF_HOURS",
    "09:00-17:00 Asia/Kathmandu",
    "when staff read messages: outside these hours answers say from when on, and name `HELP_LINE`. Blank: always",
);

pub const STAFF_PHONES: Setting = Setting::new(
    "STAFF_PHONES",
    "",
    "numbers of staff, separated by commas. They get an SMS without content when an urgent message waits, at any hour, and again every 15 minutes while nobody answers, four in all. Empty: none",
);
