//! The relays around the workers of a stage.

use std::net::SocketAddr;

use anyhow::Context as _;
use tokio::net::lookup_host;
use url::Url;

use crate::Relay;

/// Every way that leads to or from a worker.
pub struct Roads {
    /// To RabbitMQ.
    pub broker: Relay,
    /// To Postgres.
    pub database: Relay,
    /// To the simulator.
    pub twilio: Relay,
    /// From the simulator to the workers' webhooks.
    pub webhook: Relay,
}

impl Roads {
    pub(crate) async fn build(amqp: &str, database: &str, simulator: &str) -> anyhow::Result<Self> {
        Ok(Self {
            broker: Relay::to([server(amqp, 5672).await?]).await?,
            database: Relay::to([server(database, 5432).await?]).await?,
            twilio: Relay::to([server(simulator, 80).await?]).await?,
            webhook: Relay::to([]).await?,
        })
    }
}

/// `url` with the relay in the place of the server.
pub(crate) fn via(url: &str, relay: &Relay) -> anyhow::Result<String> {
    let mut url = Url::parse(url)?;
    url.set_host(Some("127.0.0.1"))?;
    url.set_port(Some(relay.address().port())).ok().context("a URL without a port")?;
    // A relay that looks for a statement must be able to read it.
    if url.scheme().starts_with("postgres") && !url.query_pairs().any(|(key, _)| key == "sslmode") {
        url.query_pairs_mut().append_pair("sslmode", "disable");
    }
    Ok(url.to_string())
}

async fn server(url: &str, port: u16) -> anyhow::Result<SocketAddr> {
    let url = Url::parse(url)?;
    let host = url.host_str().context("a URL without a host")?;
    let found = lookup_host((host, url.port().unwrap_or(port))).await?.next();
    found.with_context(|| format!("no address of {host}"))
}
