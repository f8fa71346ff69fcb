//! The publishers' commands on a test environment.

use std::collections::BTreeMap;

use crate::{Process, Proxy, TestEnv};

impl TestEnv {
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

    /// A proxy to the broker for a publisher alone, and the environment that leads through it.
    pub async fn publisher(&self) -> anyhow::Result<(Proxy, BTreeMap<String, String>)> {
        let proxy = Proxy::to([self.proxies.broker.address()]).await?;
        let names = ["AMQP_URL", "AMQP_NAMESPACE", "DATABASE_URL", "LOG_FORMAT"];
        let mut env: BTreeMap<String, String> =
            names.iter().filter_map(|n| Some(((*n).to_owned(), self.env.get(*n)?.clone()))).collect();
        env.insert("AMQP_URL".to_owned(), crate::proxies::via(&crate::amqp_url(), &proxy)?);
        Ok((proxy, env))
    }
}
