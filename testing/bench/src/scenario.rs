//! The scenarios of the benchmark.

mod backfill;
mod channels;
mod import;
mod inbound;
mod instant;
mod latency;
mod live;
mod messages;
mod million;
mod normalise;
mod publish;
mod rate;
mod requests;
mod slow;
mod stop_page;

use clap::ValueEnum;

use crate::{report::Row, services::Services, sizes::Sizes};

/// One thing to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// Everything at full speed, beside the bare pipeline
    Instant,
    /// 150 ms a call, 512 in flight
    Slow,
    /// From publish to call at 50 signups a second; from start to first message
    Latency,
    /// Live signups beside a backfill at a given rate
    Live,
    /// One rate for 1, 2 and 4 workers
    Rate,
    /// Confirmed publishes of the library
    Publish,
    /// `import portal`
    Import,
    /// `backfill`: dry and real
    Backfill,
    /// Reading numbers, three libraries
    Normalise,
    /// Stored messages of another kind than the welcome at full speed
    Messages,
    /// Welcomes by SMS, then by WhatsApp
    Channels,
    /// Live signups with and without people on the stop page
    StopPage,
    /// Live signups with and without people who write to us
    Inbound,
    /// Full speed with many users and old messages stored already (takes minutes and gigabytes)
    Growth,
    /// A backfill of a million users, killed and resumed (takes minutes)
    Million,
}

impl Scenario {
    /// Everything that takes seconds.
    pub(crate) const USUAL: [Self; 13] = [
        Self::Instant,
        Self::Slow,
        Self::Latency,
        Self::Live,
        Self::Rate,
        Self::Publish,
        Self::Import,
        Self::Backfill,
        Self::Normalise,
        Self::Messages,
        Self::Channels,
        Self::StopPage,
        Self::Inbound,
    ];

    pub(crate) fn label(self) -> String {
        self.to_possible_value().map_or(String::new(), |v| v.get_name().to_owned())
    }

    pub(crate) async fn run(self, services: &Services, sizes: &Sizes) -> anyhow::Result<Vec<Row>> {
        match self {
            Self::Instant => instant::run(services, sizes).await,
            Self::Slow => slow::run(services).await,
            Self::Latency => latency::run(services, sizes).await,
            Self::Live => live::run(services, sizes).await,
            Self::Rate => rate::run(services, sizes).await,
            Self::Publish => publish::run(services, sizes).await,
            Self::Import => import::run(services, sizes).await,
            Self::Backfill => backfill::run(services, sizes).await,
            Self::Normalise => Ok(normalise::run()),
            Self::Messages => messages::run(services, sizes).await,
            Self::Channels => channels::run(services, sizes).await,
            Self::StopPage => stop_page::run(services, sizes).await,
            Self::Inbound => inbound::run(services, sizes).await,
            Self::Growth => instant::grown(services, sizes).await,
            Self::Million => million::run(services, sizes).await,
        }
    }
}
