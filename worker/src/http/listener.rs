//! How every listener of the worker serves HTTP: a slow or idle client costs one of many connections for some seconds,
//! and nothing more.

use std::{net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{ConnectInfo, Request, State},
    http::StatusCode,
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use hyper::{server::conn::http1, service::Service as _};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::timeout,
};

/// What one listener allows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Connections at the same time; further ones wait to be accepted.
    connections: usize,
    /// From the beginning of a connection, or the answer before, until a request's headers are complete.
    headers: Duration,
    /// Until its body is.
    body: Duration,
    /// A body is smaller.
    body_bytes: usize,
    /// No request begins on an older connection.
    age: Duration,
}

impl Limits {
    /// Far above what Twilio, a scrape or a browser needs.
    pub(crate) const USUAL: Self = Self {
        connections: 512,
        headers: Duration::from_secs(10),
        body: Duration::from_secs(10),
        body_bytes: 64 * 1024,
        age: Duration::from_secs(300),
    };
}

/// Headers are a few hundred bytes; with this many connections, buffers stay small.
const MOST_HEADERS: usize = 32 * 1024;
/// What an answer may take once its connection is too old.
const LAST_ANSWER: Duration = Duration::from_secs(30);
/// After accepting failed, such as for want of file descriptors.
const PAUSE: Duration = Duration::from_secs(1);

/// Serves `routes` until it is dropped; the address of the client is there as `ConnectInfo<SocketAddr>`.
pub(crate) async fn serve(listener: TcpListener, routes: Router, limits: Limits) {
    let routes = routes.layer(from_fn_with_state(limits, read_body));
    let room = Arc::new(Semaphore::new(limits.connections));
    loop {
        // Never closed, so always Ok.
        let Ok(place) = room.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, peer)) => {
                let routes = routes.clone();
                tokio::spawn(async move {
                    connection(stream, peer, routes, limits).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, peer: SocketAddr, routes: Router, limits: Limits) {
    let routes = TowerToHyperService::new(routes);
    let service = hyper::service::service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        routes.call(request)
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.headers)
        .max_buf_size(MOST_HEADERS)
        .serve_connection(TokioIo::new(stream), service);
    let mut serving = pin!(serving);
    // Err, here and below: the client went away or was too slow, which is its own affair.
    if timeout(limits.age, serving.as_mut()).await.is_err() {
        serving.as_mut().graceful_shutdown();
        let _ = timeout(LAST_ANSWER, serving).await;
    }
}

/// Reads the whole body before the handler runs.
async fn read_body(State(limits): State<Limits>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match timeout(limits.body, to_bytes(body, limits.body_bytes)).await {
        Ok(Ok(bytes)) => next.run(Request::from_parts(parts, Body::from(bytes))).await,
        // Too long. If the client went away instead, it does not read the answer.
        Ok(Err(_)) => StatusCode::PAYLOAD_TOO_LARGE.into_response(),
        Err(_) => StatusCode::REQUEST_TIMEOUT.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::post;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// So short that a test can wait for it. Requests that are to succeed must not depend on it.
    const SHORT: Duration = Duration::from_millis(200);
    /// Longer than the usual limits, also on a busy machine.
    const PATIENCE: Duration = Duration::from_secs(60);

    fn routes() -> Router {
        Router::new().route("/", post(|body: String| async move { format!("<{body}>") }))
    }

    async fn start(limits: Limits) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, routes(), limits));
        address
    }

    /// Connects and sends this.
    async fn send(address: SocketAddr, request: &str) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        // Err: the server has closed the connection already.
        let _ = stream.write_all(request.as_bytes()).await;
        stream
    }

    /// Reads until the server closes the connection.
    async fn answer(mut stream: TcpStream) -> String {
        let mut answer = Vec::new();
        // Err: it was reset, which also ends it.
        let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the connection stays open");
        String::from_utf8_lossy(&answer).into_owned()
    }

    async fn exchange(address: SocketAddr, request: &str) -> String {
        answer(send(address, request).await).await
    }

    const WHOLE: &str = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab";

    #[tokio::test]
    async fn a_whole_request_is_answered() {
        let answer = exchange(start(Limits::USUAL).await, WHOLE).await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("<ab>"), "{answer}");
    }

    #[tokio::test]
    async fn a_client_that_never_ends_its_headers_is_cut() {
        let address = start(Limits { headers: SHORT, ..Limits::USUAL }).await;
        for begun in ["", "POST / HTTP/1.1\r\nHost: a\r\nX-Slow: "] {
            let answer = exchange(address, begun).await;
            assert!(!answer.contains(" 200 "), "{answer}");
        }
    }

    #[tokio::test]
    async fn a_body_that_never_ends_or_is_too_long_is_refused() {
        let address = start(Limits { body: SHORT, ..Limits::USUAL }).await;
        let head = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ";
        let slow = exchange(address, &format!("{head}5\r\n\r\na")).await;
        assert!(slow.starts_with("HTTP/1.1 408"), "{slow}");
        let address = start(Limits { body_bytes: 8, ..Limits::USUAL }).await;
        let long = exchange(address, &format!("{head}9\r\n\r\n123456789")).await;
        assert!(long.starts_with("HTTP/1.1 413"), "{long}");
    }

    #[tokio::test]
    async fn slow_clients_delay_others_and_do_not_shut_them_out() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut slow = Vec::new();
        for _ in 0..8 {
            slow.push(TcpStream::connect(address).await.unwrap());
        }
        // Its whole request has arrived before the server accepts it.
        let whole = send(address, WHOLE).await;
        tokio::spawn(serve(listener, routes(), Limits { connections: 2, headers: SHORT, ..Limits::USUAL }));
        let answer = answer(whole).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}
