//! `--actor`: who decided.

use crate::audit;

/// The argument `--actor`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Actor {
    /// Who decided; kept in the audit log [default: the login name]
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
}

impl Actor {
    /// The name for the audit log.
    pub fn name(&self) -> String {
        audit::actor(self.actor.as_deref())
    }
}
