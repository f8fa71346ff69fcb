//! What every page shares.

use sqlx::PgPool;

use super::{context::Context, file_room, login_limit, pages::overview, password, settling};
use crate::{care::Desk, config::AdminConfig, reconcile::bulk_settle::BulkSettle};

/// The dashboard of one worker.
pub(crate) struct Admin {
    pub(super) context: Context,
    pub(super) config: AdminConfig,
    pub(super) login_limit: login_limit::LoginLimit,
    pub(super) passwords: password::Passwords,
    pub(super) overview: overview::Cache,
    pub(super) settling: settling::Settling,
    pub(super) files: file_room::FileRoom,
}

impl Admin {
    pub(crate) fn new(config: AdminConfig, context: Context) -> Self {
        Self {
            context,
            config,
            login_limit: login_limit::LoginLimit::default(),
            passwords: password::Passwords::default(),
            overview: overview::Cache::default(),
            settling: settling::Settling::default(),
            files: file_room::FileRoom::default(),
        }
    }

    pub(super) fn pool(&self) -> &PgPool {
        &self.context.pool
    }

    /// Where staff read and answer what people write. None: people cannot write to us.
    pub(super) fn desk(&self) -> Option<Desk<'_>> {
        let Context { pool, keys, help_line, audience, .. } = &self.context;
        let (help_line, language) = (help_line.as_deref(), audience.language);
        Some(Desk { pool, keys: keys.as_ref()?, help_line, language })
    }

    /// What settles many unknown outcomes.
    pub(super) fn bulk_settle(&self) -> BulkSettle {
        let Context { pool, client, channels, meanings, .. } = &self.context;
        BulkSettle::new(pool.clone(), client.clone(), channels.clone(), meanings.clone())
    }
}
