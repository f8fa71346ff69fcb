//! The server properties that the broker sends in Connection.Start, before the login. lapin does not expose them.

use std::{io, time::Duration};

use futures::{AsyncReadExt as _, AsyncWriteExt as _};
use lapin::{
    runtime::default_runtime,
    tcp::AMQPUriTcpExt as _,
    types::{AMQPValue, FieldTable, parsing::parse_field_table},
    uri::AMQPUri,
};

use crate::config::Broker;

const LIMIT: Duration = Duration::from_secs(5);
/// Frame type, channel, size.
const HEADER: usize = 7;
/// Class and method of Connection.Start, and the protocol's version.
const START: [u8; 4] = [0, 10, 0, 10];
const START_AND_VERSION: usize = 6;
/// Connection.Start has a few hundred bytes.
const MOST: u32 = 64 * 1024;

/// Product and version of a broker, such as `RabbitMQ` and `4.1.0`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerProperties {
    /// Its product.
    pub product: String,
    /// Its version.
    pub version: String,
}

/// Reads product and version from the broker, on a connection of its own that is closed at once.
pub async fn server_properties(broker: &Broker) -> io::Result<ServerProperties> {
    match tokio::time::timeout(LIMIT, connection_start(broker)).await {
        Ok(body) => parse(&body?).ok_or_else(|| io::Error::other("the answer is not AMQP 0-9-1")),
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}

async fn connection_start(broker: &Broker) -> io::Result<Vec<u8>> {
    // The parser's error may quote the URL and its password.
    let uri: AMQPUri = broker.url.expose(true).parse().map_err(|_| io::Error::other("not an AMQP URL"))?;
    let runtime = default_runtime().map_err(io::Error::other)?;
    let mut stream = uri.connect_async(&runtime).await?;
    stream.write_all(b"AMQP\x00\x00\x09\x01").await?;
    stream.flush().await?;
    let mut header = [0; HEADER];
    stream.read_exact(&mut header).await?;
    let [_, _, _, size @ ..] = header;
    let size = u32::from_be_bytes(size).min(MOST);
    let mut body = Vec::new();
    stream.take(u64::from(size)).read_to_end(&mut body).await?;
    Ok(body)
}

fn parse(body: &[u8]) -> Option<ServerProperties> {
    let table = body.strip_prefix(&START)?.get(START_AND_VERSION - START.len()..)?;
    let (_, properties) = parse_field_table(table).ok()?;
    Some(ServerProperties { product: text(&properties, "product")?, version: text(&properties, "version")? })
}

fn text(properties: &FieldTable, key: &str) -> Option<String> {
    match properties.inner().get(key)? {
        AMQPValue::LongString(value) => Some(value.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Connection.Start 0-9 with a table of long strings.
    fn start(properties: &[(&str, &str)]) -> Vec<u8> {
        let mut table = Vec::new();
        for (key, value) in properties {
            table.push(u8::try_from(key.len()).unwrap());
            table.extend(key.as_bytes());
            table.push(b'S');
            table.extend(u32::try_from(value.len()).unwrap().to_be_bytes());
            table.extend(value.as_bytes());
        }
        let size = u32::try_from(table.len()).unwrap().to_be_bytes();
        [START.as_slice(), &[0, 9], &size, &table, b"\0\0\0\x05PLAIN"].concat()
    }

    #[test]
    fn product_and_version_are_read_from_connection_start() {
        let found = parse(&start(&[("product", "RabbitMQ"), ("version", "4.1.0")]));
        assert_eq!(found, Some(ServerProperties { product: "RabbitMQ".into(), version: "4.1.0".into() }));
    }

    #[test]
    fn other_answers_are_refused() {
        for body in [Vec::new(), b"HTTP/1.1 400 Bad Request".to_vec(), start(&[("product", "RabbitMQ")])] {
            assert_eq!(parse(&body), None);
        }
    }
}
