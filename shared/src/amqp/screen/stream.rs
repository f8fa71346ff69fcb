//! A connection that lapin reads through the screen: its stream, and the runtime that opens it.

use std::{
    io::{self, Read, Write},
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
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

use super::frames::Screen;

/// Bytes per read from the socket, enough for a small frame. lapin reads until nothing is left.
const CHUNK: usize = 16 * 1024;

/// Reads from `inner` through the screen. Writes pass unchanged.
pub(in crate::amqp) struct Screening<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> {
    inner: AsyncTcpStream<S>,
    screen: Screen,
    chunk: Box<[u8]>,
    /// Screened bytes. lapin has read the first `given` of them.
    ready: Vec<u8>,
    given: usize,
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> Screening<S> {
    pub(super) fn new(inner: AsyncTcpStream<S>) -> Self {
        let chunk = vec![0; CHUNK].into_boxed_slice();
        Self { inner, screen: Screen::new(), chunk, ready: Vec::new(), given: 0 }
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> AsyncRead for Screening<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        while this.given == this.ready.len() {
            let read = ready!(Pin::new(&mut this.inner).poll_read(cx, &mut this.chunk))?;
            if read == 0 {
                return Poll::Ready(Ok(0));
            }
            this.ready.clear();
            this.given = 0;
            this.screen.feed(&this.chunk[..read], &mut this.ready);
        }
        let count = buf.len().min(this.ready.len() - this.given);
        buf[..count].copy_from_slice(&this.ready[this.given..this.given + count]);
        this.given += count;
        Poll::Ready(Ok(count))
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> AsyncWrite for Screening<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write_vectored(cx, bufs)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_close(cx)
    }
}

type PlainStream = <Tokio as Reactor>::TcpStream;

/// Tokio, with screened connections.
#[derive(Debug, Clone)]
struct ScreeningReactor(TokioRuntime);

impl Reactor for ScreeningReactor {
    type TcpStream = Screening<PlainStream>;
    type Sleep = <TokioRuntime as Reactor>::Sleep;

    /// lapin does not register sockets of its own.
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
    // The parser's error may quote the URL and its password.
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
