//! A publisher that writes any bytes as the properties of a message, as a client in another language may do.

use anyhow::{Context as _, bail, ensure};
use shared::{amqp::Topology, lane::QueueLane};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use url::Url;

use crate::Broker;

const FRAME: u32 = 131_072;
const METHOD: u8 = 1;
const HEADER: u8 = 2;
const BODY: u8 = 3;
const END: u8 = 0xCE;

/// A connection with one channel in confirm mode.
pub struct RawPublisher {
    stream: TcpStream,
    exchange: String,
    dead_queue: String,
}

impl RawPublisher {
    /// Connects, beside every proxy.
    pub async fn connect(broker: &Broker) -> anyhow::Result<Self> {
        let url = Url::parse(broker.server().url())?;
        let host = url.host_str().context("a host")?;
        let stream = TcpStream::connect((host, url.port().unwrap_or(5672))).await?;
        stream.set_nodelay(true)?;
        let topology = broker.topology();
        let (exchange, dead_queue) = (topology.exchange(), topology.dead_queue());
        let mut this = Self { stream, exchange, dead_queue };
        this.stream.write_all(b"AMQP\0\0\x09\x01").await?;
        this.expect([10, 10]).await?;
        let login = format!("\0{}\0{}", decoded(url.username()), decoded(url.password().unwrap_or_default()));
        let start_ok = [&[0; 4][..], &short(b"PLAIN"), &long(login.as_bytes()), &short(b"en_US")].concat();
        this.method(0, [10, 11], &start_ok).await?;
        this.expect([10, 30]).await?;
        this.method(0, [10, 31], &[&[0, 1][..], &FRAME.to_be_bytes(), &[0, 0]].concat()).await?;
        let vhost = match url.path().strip_prefix('/') {
            None | Some("") => "/".to_owned(),
            Some(path) => decoded(path),
        };
        this.method(0, [10, 40], &[short(vhost.as_bytes()), vec![0, 0]].concat()).await?;
        this.expect([10, 41]).await?;
        this.method(1, [20, 10], &[0]).await?;
        this.expect([20, 11]).await?;
        this.method(1, [85, 10], &[0]).await?;
        this.expect([85, 11]).await?;
        Ok(this)
    }

    /// Publishes on a lane; `Ok` once the broker has confirmed it. `properties` begin with their flags.
    pub async fn publish(&mut self, lane: QueueLane, properties: &[u8], body: &[u8]) -> anyhow::Result<()> {
        self.send(&self.exchange.clone(), Topology::routing_key(lane), properties, body).await
    }

    /// Puts a message straight into the queue of what the broker gave up on.
    pub async fn publish_dead(&mut self, properties: &[u8], body: &[u8]) -> anyhow::Result<()> {
        self.send("", &self.dead_queue.clone(), properties, body).await
    }

    async fn send(
        &mut self,
        exchange: &str,
        key: &str,
        properties: &[u8],
        body: &[u8],
    ) -> anyhow::Result<()> {
        let publish = [&[0, 0][..], &short(exchange.as_bytes()), &short(key.as_bytes()), &[1]].concat();
        self.method(1, [60, 40], &publish).await?;
        let length = (body.len() as u64).to_be_bytes();
        self.frame(HEADER, 1, &[&[0, 60, 0, 0][..], &length, properties].concat()).await?;
        for part in body.chunks(FRAME as usize - 8) {
            self.frame(BODY, 1, part).await?;
        }
        self.expect([60, 80]).await
    }

    async fn method(&mut self, channel: u16, id: [u8; 2], arguments: &[u8]) -> anyhow::Result<()> {
        let [class, method] = id;
        self.frame(METHOD, channel, &[&[0, class, 0, method], arguments].concat()).await
    }

    async fn frame(&mut self, kind: u8, channel: u16, payload: &[u8]) -> anyhow::Result<()> {
        let size = u32::try_from(payload.len())?.to_be_bytes();
        let [c1, c2] = channel.to_be_bytes();
        let frame = [&[kind, c1, c2][..], &size, payload, &[END]].concat();
        Ok(self.stream.write_all(&frame).await?)
    }

    /// Reads up to the next method, which must be this one.
    async fn expect(&mut self, id: [u8; 2]) -> anyhow::Result<()> {
        loop {
            let mut head = [0; 7];
            self.stream.read_exact(&mut head).await?;
            let [kind, _, _, size @ ..] = head;
            let mut payload = vec![0; usize::try_from(u32::from_be_bytes(size))? + 1];
            self.stream.read_exact(&mut payload).await?;
            if kind != METHOD {
                continue;
            }
            let [0, class, 0, method, arguments @ ..] = payload.as_slice() else { bail!("no AMQP 0-9-1") };
            ensure!(
                [*class, *method] == id,
                "the broker says {class}.{method} instead of {id:?}: {}",
                arguments.escape_ascii()
            );
            return Ok(());
        }
    }
}

fn short(bytes: &[u8]) -> Vec<u8> {
    [&[u8::try_from(bytes.len()).unwrap_or(u8::MAX)], bytes].concat()
}

fn long(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes(), bytes].concat()
}

fn decoded(text: &str) -> String {
    text.replace("%2f", "/").replace("%2F", "/")
}

/// Properties with one short string of these bytes; `bit` is the property's flag.
pub fn short_property(bit: u32, bytes: &[u8]) -> Vec<u8> {
    [&(1_u16 << bit).to_be_bytes()[..], &short(bytes)].concat()
}

/// Properties with one header.
pub fn header(name: &[u8], value: &[u8]) -> Vec<u8> {
    [&(1_u16 << 13).to_be_bytes()[..], &long(&[&short(name), value].concat())].concat()
}

/// A header's value: tables (`F`) or arrays (`A`) within each other.
pub fn nested(kind: u8, depth: usize) -> Vec<u8> {
    let mut value = vec![b'V'];
    for _ in 0..depth {
        let content = if kind == b'F' { [vec![0], value].concat() } else { value };
        value = [vec![kind], long(&content)].concat();
    }
    value
}
