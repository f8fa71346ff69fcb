//! The accept loop: one task per connection, one service per connection.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use super::dispatch::answer;
use super::reply::Outcome;
use super::socket::{Cut, Socket};
use crate::app::App;

/// The service error that makes hyper drop the connection.
#[derive(Debug)]
struct ConnectionCut;

impl fmt::Display for ConnectionCut {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("connection cut on purpose")
    }
}

impl std::error::Error for ConnectionCut {}

/// Accepts until the runtime ends.
pub(crate) async fn accept(listener: TcpListener, app: Arc<App>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(connection(stream, Arc::clone(&app)));
            }
            Err(error) => {
                // Out of descriptors, most likely: let some connections end first.
                tracing::warn!(%error, "accept failed");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, app: Arc<App>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "peer is gone already");
        return;
    }
    let cut = Cut::default();
    let io = TokioIo::new(Socket::new(stream, cut.clone()));
    let service = service_fn(|request| serve(Arc::clone(&app), request, cut.clone()));
    if let Err(error) = http1::Builder::new().serve_connection(io, service).await {
        tracing::debug!(%error, "connection ended");
    }
}

async fn serve(
    app: Arc<App>,
    request: Request<Incoming>,
    cut: Cut,
) -> Result<Response<Full<Bytes>>, ConnectionCut> {
    match answer(&app, request).await {
        Outcome::Reply(reply) => Ok(reply.into_response(&app)),
        Outcome::Reset => {
            cut.order();
            Err(ConnectionCut)
        }
    }
}
