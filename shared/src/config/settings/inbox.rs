//! What people write to us.

use super::{Section, Setting};

pub(super) const INBOX: Section = Section {
    headline: "Inbox",
    introduction: "People can write back by SMS and WhatsApp. Twilio calls `PUBLIC_URL` with the path `/twilio/inbound`; set that address for the\nnumber, the Messaging Service or the WhatsApp sender in Twilio's console.",
    settings: &[INBOX_KEY, INBOUND_RECONCILE],
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
