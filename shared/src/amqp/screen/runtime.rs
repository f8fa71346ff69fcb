//! How lapin comes to read through the screen: a runtime whose streams are screened ones.

use std::{
    io::{self, Read, Write},
    net::SocketAddr,
    time::{Duration, Instant},
};

use async_rs::{Runtime, Tokio, TokioRuntime, traits::Reactor, util::RuntimeParts};
use futures::{
    Stream,
    io::{AsyncRead, AsyncWrite},
};
use lapin::{
    AsyncTcpStream, Connection, ConnectionProperties, Error, runtime::default_runtime,
    tcp::AMQPUriTcpExt as _, uri::AMQPUri,
};

use super::stream::Screening;

type PlainStream = <Tokio as Reactor>::TcpStream;

/// Tokio, with screened connections.
#[derive(Debug, Clone)]
struct ScreeningReactor(TokioRuntime);

impl Reactor for ScreeningReactor {
    type TcpStream = Screening<PlainStream>;
    type Sleep = <TokioRuntime as Reactor>::Sleep;

    /// lapin registers no sockets of its own.
    fn register<H: Read + Write + Send + 'static>(
        &self,
        _: H,
    ) -> io::Result<impl AsyncRead + AsyncWrite + Send + Unpin + 'static> {
        Err::<Self::TcpStream, _>(io::ErrorKind::Unsupported.into())
    }

    fn sleep(&self, duration: Duration) -> Self::Sleep {
        self.0.sleep(duration)
    }

    fn interval(&self, duration: Duration) -> impl Stream<Item = Instant> + Send + 'static {
        self.0.interval(duration)
    }

    fn tcp_connect_addr(
        &self,
        address: SocketAddr,
    ) -> impl Future<Output = io::Result<Self::TcpStream>> + Send + 'static {
        let connected = self.0.tcp_connect_addr(address);
        async move { Ok(Screening::new(AsyncTcpStream::Plain(connected.await?))) }
    }
}

/// Connects like [`Connection::connect`]; lapin reads through the screen.
pub(in crate::amqp) async fn connect(
    url: &str,
    properties: ConnectionProperties,
) -> Result<Connection, Error> {
    // The parser's own text may quote the URL, and with it a password.
    let uri: AMQPUri = url.parse().map_err(|_| Error::from(io::Error::other("not an AMQP URL")))?;
    let tokio = default_runtime()?;
    let runtime = Runtime::new(RuntimeParts::new(tokio.clone(), ScreeningReactor(tokio.clone())));
    // TLS lies below the screen.
    let open = async move |uri: AMQPUri, _| {
        let stream = uri.connect_async(&tokio).await?;
        Ok(AsyncTcpStream::Plain(Screening::new(stream)))
    };
    Connection::connector(uri, runtime, open, properties).await
}
