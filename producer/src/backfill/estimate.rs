//! What the messages will cost, and how long the worker will take.

use std::time::Duration;

use serde::Serialize;

use crate::settings::Settings;

/// An estimate for the messages of a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Estimate {
    /// Of one segment.
    pub(crate) price_usd: f64,
    /// Rounded to cents.
    pub(crate) cost_usd: f64,
    /// Segments per second; 0: unlimited.
    pub(crate) send_rate: u32,
    /// At that rate; none when it is unlimited.
    pub(crate) seconds: Option<u64>,
}

impl Estimate {
    pub(crate) fn of(segments: u64, settings: &Settings) -> Self {
        Self::at(segments, settings.price.0, settings.send_rate)
    }

    fn at(segments: u64, price_usd: f64, send_rate: u32) -> Self {
        let counted = f64::from(u32::try_from(segments).unwrap_or(u32::MAX));
        Self {
            price_usd,
            cost_usd: (counted * price_usd * 100.0).round() / 100.0,
            send_rate,
            seconds: (send_rate > 0).then(|| segments.div_ceil(u64::from(send_rate))),
        }
    }

    /// Such as `19m 30s at 10 segments a second`.
    pub(crate) fn time(&self) -> String {
        match self.seconds {
            None => "as fast as Twilio accepts (SEND_RATE is 0)".to_owned(),
            Some(seconds) => {
                let whole = indicatif::HumanDuration(Duration::from_secs(seconds));
                format!("about {whole} at {} segments a second (SEND_RATE)", self.send_rate)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cost_and_time_follow_the_segments() {
        let estimate = Estimate::at(11_702, 0.15, 10);
        assert_eq!((estimate.cost_usd, estimate.seconds), (1755.30, Some(1171)));
        assert!(estimate.time().contains("20 minutes") && estimate.time().contains("10 segments"));
        assert_eq!(Estimate::at(5, 0.3, 0).seconds, None);
        assert_eq!(Estimate::at(0, 0.3, 10).seconds, Some(0));
    }
}
