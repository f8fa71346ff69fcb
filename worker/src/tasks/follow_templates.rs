//! Follows the map of templates. While the database is unavailable, the last known templates apply.

use std::{sync::Arc, time::Duration};

use sqlx::PgPool;

use super::driver::{Failed, Next, Task, within};
use crate::{store::templates, templates::Registry};

/// A template that may not be sent any more is to be left out within seconds.
const INTERVAL: Duration = Duration::from_secs(3);
const TIMEOUT: Duration = Duration::from_secs(3);

pub(crate) struct FollowTemplates {
    pub(crate) pool: PgPool,
    pub(crate) registry: Arc<Registry>,
}

impl Task for FollowTemplates {
    const NAME: &'static str = "follow_templates";

    fn interval(&self) -> Duration {
        INTERVAL
    }

    async fn step(&mut self) -> Result<Next, Failed> {
        if within(TIMEOUT, self.registry.refresh()).await? {
            within(TIMEOUT, templates::resume(&self.pool)).await?;
        }
        Ok(Next::AfterInterval)
    }
}
