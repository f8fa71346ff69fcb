//! The proxies around the workers of a test environment.

use std::net::SocketAddr;

use anyhow::Context as _;
use tokio::net::lookup_host;
use url::Url;

use crate::Proxy;

/// Every way that leads to or from a worker.
pub struct Proxies {
    /// To RabbitMQ.
    pub broker: Proxy,
    /// To Postgres.
    pub database: Proxy,
    /// To the simulator.
    pub twilio: Proxy,
    /// From the simulator to the workers' webhooks.
    pub webhook: Proxy,
}

impl Proxies {
    pub(crate) async fn build(amqp: &str, database: &str, simulator: &str) -> anyhow::Result<Self> {
        Ok(Self {
            broker: Proxy::to([server(amqp, 5672).await?]).await?,
            database: Proxy::to([server(database, 5432).await?]).await?,
            twilio: Proxy::to([server(simulator, 80).await?]).await?,
            webhook: Proxy::to([]).await?,
        })
    }
}

/// `url` with the proxy in the place of the server.
pub(crate) fn via(url: &str, proxy: &Proxy) -> anyhow::Result<String> {
    let mut url = Url::parse(url)?;
    url.set_host(Some("127.0.0.1"))?;
    url.set_port(Some(proxy.address().port())).ok().context("a URL without a port")?;
    // A proxy that looks for a statement must be able to read it.
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
