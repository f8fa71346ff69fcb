//! A server that counts the bytes it receives and answers, or fails to, byte by byte as configured.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

/// A request whose last byte arrived.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) head: String,
    pub(super) body: String,
}

/// What the server does after a request.
pub(super) enum Reply {
    /// Write these bytes and wait for the next request.
    Write(String),
    /// Write these bytes and close.
    WriteAndClose(String),
    /// Write these bytes, then nothing more until the client gives up.
    WriteAndHang(String),
    /// Write these bytes and close with the next request unread, as its first byte arrives.
    WriteAndCutNext(String),
}

type Script = dyn Fn(usize, &Request) -> Reply + Send + Sync;
type Seen = Arc<Mutex<Vec<Request>>>;

/// Listens on a free port of the loopback address.
pub(super) struct Server {
    address: SocketAddr,
    last: oneshot::Sender<SocketAddr>,
    accepting: JoinHandle<()>,
    seen: Seen,
}

impl Server {
    /// `script` gets the number of the request, from 0 over all connections, and the request.
    pub(super) async fn start(script: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Seen::default();
        let (last, last_peer) = oneshot::channel();
        let accepting = tokio::spawn(accept(listener, Arc::new(script), Arc::clone(&seen), last_peer));
        Self { address, last, accepting, seen }
    }

    /// Always the same.
    pub(super) async fn answering(text: String) -> Self {
        Self::start(move |_, _| Reply::Write(text.clone())).await
    }

    pub(super) fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All requests, once every connection made so far has ended. The client must be dropped before.
    pub(super) async fn finish(self) -> Vec<Request> {
        let marker = TcpStream::connect(self.address).await.unwrap();
        self.last.send(marker.local_addr().unwrap()).unwrap();
        drop(marker);
        self.accepting.await.unwrap();
        self.seen.lock().unwrap().clone()
    }
}

async fn accept(
    listener: TcpListener,
    script: Arc<Script>,
    seen: Seen,
    mut last_peer: oneshot::Receiver<SocketAddr>,
) {
    let mut connections = JoinSet::new();
    let mut last = None;
    let mut peers = Vec::new();
    while last.is_none_or(|last| !peers.contains(&last)) {
        tokio::select! {
            peer = &mut last_peer, if last.is_none() => match peer {
                Ok(peer) => last = Some(peer),
                Err(_) => return,
            },
            accepted = listener.accept() => {
                let (stream, peer) = accepted.unwrap();
                peers.push(peer);
                connections.spawn(serve(stream, Arc::clone(&script), Arc::clone(&seen)));
            }
        }
    }
    while connections.join_next().await.is_some() {}
}

async fn serve(mut stream: TcpStream, script: Arc<Script>, seen: Seen) {
    while let Some(request) = read_request(&mut stream).await {
        let number = {
            let mut seen = seen.lock().unwrap();
            seen.push(request.clone());
            seen.len() - 1
        };
        let (text, more) = match script(number, &request) {
            Reply::Write(text) => (text, true),
            Reply::WriteAndClose(text) => (text, false),
            Reply::WriteAndHang(text) => {
                let _ = stream.write_all(text.as_bytes()).await;
                while stream.read(&mut [0; 64]).await.is_ok_and(|read| read > 0) {}
                return;
            }
            Reply::WriteAndCutNext(text) => {
                let _ = stream.write_all(text.as_bytes()).await;
                let _ = stream.readable().await;
                return;
            }
        };
        if stream.write_all(text.as_bytes()).await.is_err() || !more {
            return;
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let read = stream.read(&mut chunk).await.ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&chunk[..read]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head
            .lines()
            .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok())
            .unwrap_or(0);
        if body.len() >= length {
            return Some(Request { head: head.to_owned(), body: body.to_owned() });
        }
    }
}
