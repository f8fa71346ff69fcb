//! Ways to reach a user. A channel knows how its addresses and requests look, what a refusal means, and which listed
//! messages are ours. How a message is claimed, sent and settled is the pipeline's.

mod channel;
#[cfg(test)]
mod codes_page;
mod refusal;
mod sms;
mod whatsapp;

use std::{borrow::Cow, sync::Arc};

use crate::twilio::{Class, WHATSAPP_PREFIX};

pub(crate) use channel::Channel;
pub(crate) use refusal::Refusal;
pub(crate) use sms::Sms;
pub(crate) use whatsapp::Whatsapp;

/// What follows from an error of this class on the channel of this name, also where the worker has no sender of it.
pub(crate) fn refusal(channel: &str, class: Class) -> Refusal {
    if channel == shared::domain::Channel::Whatsapp.as_str() {
        whatsapp::refusal(class)
    } else {
        Refusal::of(class)
    }
}

/// How Twilio writes the address of a number on the channel of this name, also where the worker has no sender of it.
pub(crate) fn address<'a>(channel: &str, phone: &'a str) -> Cow<'a, str> {
    if channel == shared::domain::Channel::Whatsapp.as_str() {
        Cow::Owned(format!("{WHATSAPP_PREFIX}{phone}"))
    } else {
        Cow::Borrowed(phone)
    }
}

/// The channels of a worker.
#[derive(Clone)]
pub(crate) struct Channels(Arc<[Box<dyn Channel>]>);

impl Channels {
    /// SMS comes first, since an address without a prefix is an SMS address. To add a channel, add an entry.
    pub(crate) fn new(sms: Sms, whatsapp: Option<Whatsapp>) -> Self {
        let sms: Box<dyn Channel> = Box::new(sms);
        let others = whatsapp.map(|whatsapp| Box::new(whatsapp) as Box<dyn Channel>);
        Self(std::iter::once(sms).chain(others).collect())
    }

    /// The channel of this name, if the worker has it.
    pub(crate) fn find(&self, name: &str) -> Option<&dyn Channel> {
        self.0.iter().map(|channel| &**channel).find(|channel| channel.name() == name)
    }

    /// The channel of welcomes.
    pub(crate) fn sms(&self) -> &dyn Channel {
        &*self.0[0]
    }

    /// The channel that an address belongs to.
    pub(crate) fn of_address(&self, address: &str) -> &dyn Channel {
        let mut others = self.0.iter().map(|channel| &**channel).skip(1);
        others.find(|channel| address.starts_with(channel.prefix())).unwrap_or(self.sms())
    }
}
