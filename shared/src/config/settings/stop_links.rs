//! The address in messages that stops them, and its page.

use super::{Section, Setting};

pub(super) const STOP_LINKS: Section = Section {
    headline: "Stop link",
    introduction: "The welcome ends with an address that belongs to its number, and the page there stops messages. Anyone who has the address\ncan stop the number, so logs show only the first two characters of its code.",
    settings: &[STOP_LINK_BASE, LINK_KEY, HELP_LINE],
};

pub const STOP_LINK_BASE: Setting = Setting::new(
    "STOP_LINK_BASE",
    "",
    "address of the page that stops messages, such as `https://aamcare.np/s/`: messages print it without its scheme, followed by the code of the number, so it has at most 15 characters after `https://`. `WEBHOOK_ADDR` serves the page under its path; a proxy with TLS leads there. Empty: messages carry no code",
);

pub const LINK_KEY: Setting = Setting::new(
    "LINK_KEY",
    "",
    "the key of the codes: 32 bytes in hex or base64, such as `openssl rand -hex 32` makes; required with `STOP_LINK_BASE`, the same for all workers. Codes are stored, so those of earlier messages work with a new key",
)
.secret();

pub const HELP_LINE: Setting = Setting::new(
    "HELP_LINE",
    "",
    "phone number that the stop page and answers to inbound messages name for help, such as `01-4200000`; templates may print it. Empty: none",
);
