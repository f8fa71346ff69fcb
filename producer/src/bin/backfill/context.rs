//! What every part of the command needs.

use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::{args::Args, settings::Settings};

/// What every part of the command needs.
pub(crate) struct Context {
    pub(crate) pool: PgPool,
    pub(crate) settings: Settings,
    pub(crate) args: Args,
    /// Cancelled by Ctrl-C.
    pub(crate) stop: CancellationToken,
}
