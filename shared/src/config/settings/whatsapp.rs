//! Channels, and templates of WhatsApp.

use super::{Section, Setting};

pub(super) const WHATSAPP: Section = Section {
    headline: "Channels and WhatsApp",
    introduction: "WhatsApp sends approved templates only: [whatsapp.md](whatsapp.md).",
    settings: &[CHANNELS, TEMPLATE_SYNC_INTERVAL, WHATSAPP_PRICE_USD],
};

pub const CHANNELS: Setting = Setting::new(
    "CHANNELS",
    "welcome=sms tip=whatsapp notice=sms reply=same",
    "allowed channels (`sms`, `whatsapp`) of each kind, in order: `welcome=whatsapp,sms` falls back. A kind that is left out keeps its default. `same`, for replies: the channel on which the user wrote. Use the same value for all workers",
);

pub const TEMPLATE_SYNC_INTERVAL: Setting = Setting::new(
    "TEMPLATE_SYNC_INTERVAL",
    "10m",
    "how often one worker asks Twilio for the templates and their approvals, if `CHANNELS` lists `whatsapp` or a template is mapped; at least 1s",
);

pub const WHATSAPP_PRICE_USD: Setting = Setting::new(
    "WHATSAPP_PRICE_USD",
    "utility=0.009 marketing=0.078",
    "price of a WhatsApp message in US dollars by category (`utility`, `marketing`, `authentication`), for estimates and the cost in metrics",
);
