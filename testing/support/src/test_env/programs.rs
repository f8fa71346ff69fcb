//! The publishers' commands on a stage.

use std::collections::BTreeMap;

use crate::{Process, Relay, Stage};

impl Stage {
    /// Starts a binary with this environment; its standard input is the test's to write.
    pub fn start(
        &mut self,
        program: &str,
        args: &[&str],
        env: &BTreeMap<String, String>,
    ) -> anyhow::Result<Process> {
        self.started += 1;
        let name = format!("{program}-{}", self.started);
        Process::start_open(program, &name, args, env, self.folder()?)
    }

    /// A relay to the broker for a publisher alone, and the environment that leads through it.
    pub async fn publisher(&self) -> anyhow::Result<(Relay, BTreeMap<String, String>)> {
        let relay = Relay::to([self.roads.broker.address()]).await?;
        let names = ["AMQP_URL", "AMQP_NAMESPACE", "DATABASE_URL", "LOG_FORMAT"];
        let mut env: BTreeMap<String, String> =
            names.iter().filter_map(|n| Some(((*n).to_owned(), self.env.get(*n)?.clone()))).collect();
        env.insert("AMQP_URL".to_owned(), crate::proxies::via(&crate::amqp_url(), &relay)?);
        Ok((relay, env))
    }
}
