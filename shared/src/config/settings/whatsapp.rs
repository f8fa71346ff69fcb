//! Channels, and templates of WhatsApp.

use super::{Section, Setting};

pub(super) const WHATSAPP: Section = Section {
    headline: "Channels and WhatsApp",
    introduction: "WhatsApp sends approved templates only: [whatsapp.md](whatsapp.md).",
    settings: &[
        CHANNELS,
        TWILIO_WHATSAPP_FROM,
        WHATSAPP_RATE,
        WHATSAPP_MAX_PEOPLE_PER_DAY,
        FALLBACK_WITHIN,
        TEMPLATE_SYNC_INTERVAL,
        WHATSAPP_PRICE_USD,
    ],
};

pub const CHANNELS: Setting = Setting::new(
    "CHANNELS",
    "welcome=sms tip=whatsapp notice=sms reply=same",
    "allowed channels (`sms`, `whatsapp`) of each kind, in order: `welcome=whatsapp,sms` falls back. A kind that is left out keeps its default. `same`, for replies: the channel on which the user wrote. Use the same value for all workers",
);

pub const TWILIO_WHATSAPP_FROM: Setting = Setting::new(
    "TWILIO_WHATSAPP_FROM",
    "",
    "the WhatsApp sender, such as `whatsapp:+14155238886`; empty: that of `TWILIO_MESSAGING_SERVICE_SID`",
);

pub const WHATSAPP_RATE: Setting = Setting::new(
    "WHATSAPP_RATE",
    "10",
    "WhatsApp messages per second of all workers together; 0: unlimited. After error 63017 or 63018 all workers send at half of it, and at the whole again some minutes later. `SEND_RATE` counts text messages only. Use the same value for all workers",
);

pub const WHATSAPP_MAX_PEOPLE_PER_DAY: Setting = Setting::new(
    "WHATSAPP_MAX_PEOPLE_PER_DAY",
    "",
    "people written to by WhatsApp in any 24 hours, at most; the others wait, and after `FALLBACK_WITHIN` go by SMS where `CHANNELS` lists it; 0: unlimited; empty: nine tenths of the limit that Twilio reports for the sender, and 225 until it is known",
);

pub const FALLBACK_WITHIN: Setting = Setting::new(
    "FALLBACK_WITHIN",
    "4h",
    "a message that did not arrive by WhatsApp may go by SMS so long after its claim; a welcome waits so long for room on WhatsApp",
);

pub const TEMPLATE_SYNC_INTERVAL: Setting = Setting::new(
    "TEMPLATE_SYNC_INTERVAL",
    "10m",
    "how often one worker asks Twilio for the templates and their approvals, if `CHANNELS` lists `whatsapp` or a template is mapped, and for the limit of the WhatsApp sender; at least 1s",
);

pub const WHATSAPP_PRICE_USD: Setting = Setting::new(
    "WHATSAPP_PRICE_USD",
    "utility=0.009 marketing=0.078",
    "price of a WhatsApp message in US dollars by category (`utility`, `marketing`, `authentication`), for estimates and the cost in metrics",
);
