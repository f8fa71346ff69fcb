//! Channels, and templates of WhatsApp.

use std::time::Duration;

use shared::{
    config::{Env, settings},
    domain::ChannelPlan,
    templates::CategoryPrices,
};

const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);

/// Which channels carry a message, and what is known about templates.
#[derive(Debug, Clone)]
pub(crate) struct WhatsappConfig {
    pub(crate) channels: ChannelPlan,
    /// The time between two walks over the templates.
    pub(crate) sync_interval: Duration,
    /// What a delivered message is assumed to cost.
    #[allow(dead_code, reason = "read by the code that sends through WhatsApp")]
    pub(crate) prices: CategoryPrices,
}

impl WhatsappConfig {
    pub(super) fn read(env: &mut Env) -> Self {
        let sync_interval = env.duration(&settings::TEMPLATE_SYNC_INTERVAL);
        if sync_interval < SHORTEST_INTERVAL {
            env.fault(settings::TEMPLATE_SYNC_INTERVAL.name, "must be at least 1s");
        }
        Self { channels: channel_plan(env), sync_interval, prices: whatsapp_prices(env) }
    }
}

/// `CHANNELS`.
pub(crate) fn channel_plan(env: &mut Env) -> ChannelPlan {
    env.value(&settings::CHANNELS)
}

/// `WHATSAPP_PRICE_USD`.
pub(crate) fn whatsapp_prices(env: &mut Env) -> CategoryPrices {
    env.value(&settings::WHATSAPP_PRICE_USD)
}
