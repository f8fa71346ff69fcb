//! A connection's stream with the screen in its reading direction.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures::io::{AsyncRead, AsyncWrite};
use lapin::AsyncTcpStream;

use super::frames::Screen;

/// Read at once from the socket. A small connection's frame is as large, and lapin reads until nothing is left.
const CHUNK: usize = 16 * 1024;

/// Reads from `inner` what lapin can parse; writes go through.
pub(in crate::amqp) struct Screening<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> {
    inner: AsyncTcpStream<S>,
    screen: Screen,
    chunk: Box<[u8]>,
    /// Screened bytes, of which `given` were given to lapin.
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
