//! The account's WhatsApp senders, the customer service windows and the limits.

mod api;
mod limits;
mod sender;
mod senders;
mod windows;

pub(crate) use api::{channel_sender, channel_senders, service_senders, view};
pub(crate) use limits::{DAY_MS, Limits};
pub use sender::{NotASender, WhatsAppSender};
pub(crate) use senders::{SenderChange, SenderState, WhatsAppSenders};
pub(crate) use windows::Windows;

use crate::options::Options;

/// Everything about WhatsApp that is not a message.
#[derive(Debug)]
pub(crate) struct WhatsApp {
    pub(crate) senders: WhatsAppSenders,
    pub(crate) windows: Windows,
    pub(crate) limits: Limits,
}

impl WhatsApp {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            senders: WhatsAppSenders::new(&options.whatsapp_senders, options.whatsapp_mps),
            windows: Windows::default(),
            limits: Limits::new(options.whatsapp_daily_cap),
        }
    }

    /// Back to the state of a fresh start.
    pub(crate) fn reset(&self) {
        self.senders.reset();
        self.windows.clear();
        self.limits.reset();
    }
}
