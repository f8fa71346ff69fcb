//! A token in the hands of a call: it goes back if the call is not made.

use super::{Limiter, token::Token};

/// A call's share of the rate.
#[must_use]
pub(crate) struct Share<'a> {
    limiter: &'a Limiter,
    token: Token,
    spent: bool,
}

impl<'a> Share<'a> {
    pub(super) fn new(limiter: &'a Limiter, token: Token) -> Self {
        Self { limiter, token, spent: false }
    }

    /// Whether it may still be used.
    pub(crate) fn is_good(&self) -> bool {
        self.token.is_good()
    }

    /// The call is made now.
    pub(crate) fn spend(&mut self) {
        self.spent = true;
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        if !self.spent {
            self.limiter.take_back(self.token);
        }
    }
}
