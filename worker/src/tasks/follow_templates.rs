//! Follows the map of templates. While the database is unavailable, the last known templates apply.

use std::{sync::Arc, time::Duration};

use super::driver::{Failed, Next, Task, within};
use crate::templates::Registry;

/// A template that may not be sent any more is to be left out within seconds.
const INTERVAL: Duration = Duration::from_secs(3);
const TIMEOUT: Duration = Duration::from_secs(3);

pub(crate) struct FollowTemplates(pub(crate) Arc<Registry>);

impl Task for FollowTemplates {
    const NAME: &'static str = "follow_templates";

    fn interval(&self) -> Duration {
        INTERVAL
    }

    async fn step(&mut self) -> Result<Next, Failed> {
        within(TIMEOUT, self.0.refresh()).await?;
        Ok(Next::AfterInterval)
    }
}
