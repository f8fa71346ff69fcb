//! The days' limits, which hold messages back as the breaker does.

use std::time::Duration;

use tokio::time::Instant;

use super::Breaker;

impl Breaker {
    /// Twilio takes no more messages today.
    pub(crate) fn cap(&self, wait: Duration) {
        if self.state.borrow().capped.is_none() {
            tracing::error!(?wait, "breaker opened: Twilio takes no more messages today");
        }
        self.change(|state| state.capped = Some(Instant::now() + wait));
    }

    /// The day's welcomes are used up.
    pub(crate) fn cap_welcomes(&self, wait: Duration) {
        if self.state.borrow().welcomes_capped.is_none() {
            tracing::error!(?wait, "breaker opened for welcomes: the day's are used up");
        }
        self.change(|state| state.welcomes_capped = Some(Instant::now() + wait));
    }

    /// Another day may have begun: the next call finds out whether its messages are used up as well.
    pub(crate) fn uncap(&self) {
        self.change(|state| (state.capped, state.welcomes_capped) = (None, None));
    }
}
