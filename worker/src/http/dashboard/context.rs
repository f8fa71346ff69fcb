//! What the pages use of the worker that serves them.

use std::sync::Arc;

use shared::amqp::Publisher;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::{
    channels::Channels, config::Audience, health::Health, inbox::Keyring, store::reported::Meanings,
    throttle::Throttle, twilio::Client,
};

/// The parts of the worker that pages and forms use.
pub(crate) struct Context {
    pub(crate) pool: PgPool,
    pub(crate) client: Client,
    pub(crate) channels: Channels,
    /// What the statuses of messages mean.
    pub(crate) meanings: Arc<dyn Meanings>,
    pub(crate) throttle: Arc<Throttle>,
    pub(crate) health: Arc<Health>,
    pub(crate) publisher: Publisher,
    /// Of the texts that people write. None: they cannot write to us.
    pub(crate) keys: Option<Keyring>,
    /// The number that templates name.
    pub(crate) help_line: Option<String>,
    pub(crate) audience: Audience,
    /// 0: unlimited.
    pub(crate) messages_per_day: i32,
    pub(crate) stop: CancellationToken,
}
