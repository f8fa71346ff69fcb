//! Channels, and templates of WhatsApp.

use std::time::Duration;

use shared::{
    config::{Env, people_limit, settings},
    domain::{Channel, ChannelPlan, MessageKind, PeopleLimit},
    phone::E164,
    templates::CategoryPrices,
};

use crate::twilio::{Sender, WHATSAPP_PREFIX};

const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);

/// Which channels carry a message, and what is known about templates.
#[derive(Debug, Clone)]
pub(crate) struct WhatsappConfig {
    pub(crate) channels: ChannelPlan,
    /// None: WhatsApp cannot be sent to.
    pub(crate) sender: Option<Sender>,
    /// Messages per second of all workers together; 0: unlimited.
    pub(crate) messages_per_second: u32,
    pub(crate) people: PeopleLimit,
    pub(crate) fallback_within: Duration,
    /// The time between two walks over the templates.
    pub(crate) sync_interval: Duration,
    /// What a delivered message is assumed to cost.
    pub(crate) prices: CategoryPrices,
}

impl WhatsappConfig {
    /// `sender` is that of text messages.
    pub(crate) fn read(env: &mut Env, sender: Option<&Sender>) -> Self {
        let sync_interval = env.duration(&settings::TEMPLATE_SYNC_INTERVAL);
        if sync_interval < SHORTEST_INTERVAL {
            env.fault(settings::TEMPLATE_SYNC_INTERVAL.name, "must be at least 1s");
        }
        let (channels, sender) = (channel_plan(env), whatsapp_sender(env, sender));
        if sender.is_none() && channels.of(MessageKind::Welcome).lists(Channel::Whatsapp) {
            let why =
                "must be set, or TWILIO_MESSAGING_SERVICE_SID, because CHANNELS sends welcomes by WhatsApp";
            env.fault(settings::TWILIO_WHATSAPP_FROM.name, why);
        }
        Self {
            channels,
            sender,
            messages_per_second: env.value(&settings::WHATSAPP_RATE),
            people: people_limit(env),
            fallback_within: env.duration(&settings::FALLBACK_WITHIN),
            sync_interval,
            prices: whatsapp_prices(env),
        }
    }

    /// Whether welcomes may go by WhatsApp.
    pub(crate) fn for_welcomes(&self) -> bool {
        self.sender.is_some() && self.channels.of(MessageKind::Welcome).lists(Channel::Whatsapp)
    }

    /// The kinds whose messages may go by SMS if they do not arrive by WhatsApp.
    pub(crate) fn fallback_kinds(&self) -> Vec<MessageKind> {
        let both = |kind: &MessageKind| {
            let listed = self.channels.of(*kind);
            listed.lists(Channel::Whatsapp) && listed.lists(Channel::Sms)
        };
        MessageKind::ALL.into_iter().filter(both).collect()
    }
}

/// The sender of WhatsApp messages: `TWILIO_WHATSAPP_FROM`, else that of the Messaging Service. None: there is none.
pub(crate) fn whatsapp_sender(env: &mut Env, of_texts: Option<&Sender>) -> Option<Sender> {
    let Some(from) = env.optional(&settings::TWILIO_WHATSAPP_FROM) else {
        return of_texts.filter(|sender| matches!(sender, Sender::Service(_))).cloned();
    };
    if from.strip_prefix(WHATSAPP_PREFIX).is_some_and(|number| E164::parse(number).is_ok()) {
        return Some(Sender::From(from));
    }
    let why = "is not a WhatsApp address: give `whatsapp:` and the number, such as whatsapp:+14155238886";
    env.fault(settings::TWILIO_WHATSAPP_FROM.name, why);
    None
}

/// `CHANNELS`.
pub(crate) fn channel_plan(env: &mut Env) -> ChannelPlan {
    env.value(&settings::CHANNELS)
}

/// `WHATSAPP_PRICE_USD`.
pub(crate) fn whatsapp_prices(env: &mut Env) -> CategoryPrices {
    env.value(&settings::WHATSAPP_PRICE_USD)
}
