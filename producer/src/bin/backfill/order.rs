//! What is asked of a run. It is stored with it, so that a resumed run is asked the same.

use serde::{Deserialize, Serialize};

use crate::{args::Args, canary::Canary, filters::Filters};

/// What is asked of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Order {
    #[serde(flatten)]
    pub(crate) filters: Filters,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) canary: Option<Canary>,
}

impl Order {
    pub(crate) fn of(args: &Args) -> Self {
        let share = args.safety.canary_share.unwrap_or_default();
        let canary = args.safety.canary.map(|users| Canary { users, share });
        Self { filters: args.filters.clone(), canary }
    }

    /// A resumed run may be given another share; all else is its own.
    pub(crate) fn resumed(mut self, args: &Args) -> Self {
        if let (Some(canary), Some(share)) = (&mut self.canary, args.safety.canary_share) {
            canary.share = share;
        }
        self
    }

    /// As it is typed, each flag after a blank.
    pub(crate) fn flags(&self) -> String {
        let canary = self.canary.as_ref().map(Canary::flags).unwrap_or_default();
        self.filters.flags() + &canary
    }
}
