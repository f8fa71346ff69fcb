//! A webhook receiver that hands on what it gets.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use twilio_sim::sign;

/// One request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Callback {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) fields: Vec<(String, String)>,
}

impl Callback {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn status(&self) -> &str {
        self.field("MessageStatus").expect("a status")
    }

    /// Whether the signature is right for this URL and token.
    pub(crate) fn is_signed(&self, token: &str, url: &str) -> bool {
        let fields: Vec<(&str, &str)> =
            self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.header("x-twilio-signature") == Some(sign(token, url, &fields).as_str())
    }
}

/// Status, content type and body of the next answers.
type Answers = Arc<Mutex<VecDeque<(StatusCode, &'static str, &'static str)>>>;

/// Listens on loopback; answers 204 unless told otherwise.
pub(crate) struct Receiver {
    pub(crate) base: String,
    answers: Answers,
    received: mpsc::UnboundedReceiver<Callback>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let answers = Arc::new(Mutex::new(VecDeque::new()));
        let (sender, received) = mpsc::unbounded_channel();
        tokio::spawn(serve(listener, Arc::clone(&answers), sender));
        Self { base, answers, received }
    }

    /// The next requests are answered like this.
    pub(crate) fn answer_with(&self, statuses: &[u16]) {
        let answer = |status: &u16| (StatusCode::from_u16(*status).expect("a status"), "", "");
        self.answers.lock().expect("no panic").extend(statuses.iter().map(answer));
    }

    /// The next request is answered with 200 and this body.
    pub(crate) fn answer_with_body(&self, content_type: &'static str, body: &'static str) {
        self.answers.lock().expect("no panic").push_back((StatusCode::OK, content_type, body));
    }

    pub(crate) async fn next(&mut self) -> Callback {
        tokio::time::timeout(Duration::from_secs(10), self.received.recv())
            .await
            .expect("a callback in time")
            .expect("the receiver runs")
    }

    pub(crate) async fn take(&mut self, count: usize) -> Vec<Callback> {
        let mut callbacks = Vec::with_capacity(count);
        for _ in 0..count {
            callbacks.push(self.next().await);
        }
        callbacks
    }

    /// What has arrived and was not taken.
    pub(crate) fn rest(&mut self) -> Vec<Callback> {
        std::iter::from_fn(|| self.received.try_recv().ok()).collect()
    }
}

async fn serve(listener: TcpListener, answers: Answers, sender: mpsc::UnboundedSender<Callback>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (answers, sender) = (Arc::clone(&answers), sender.clone());
        let service = service_fn(move |request| receive(request, Arc::clone(&answers), sender.clone()));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn receive(
    request: Request<Incoming>,
    answers: Answers,
    sender: mpsc::UnboundedSender<Callback>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let fields = url::form_urlencoded::parse(&body).into_owned().collect();
    let callback = Callback { path: parts.uri.to_string(), headers: parts.headers, fields };
    // If the test has ended, the callback is dropped.
    let _ = sender.send(callback);
    let next = answers.lock().expect("no panic").pop_front();
    let (status, content_type, body) = next.unwrap_or((StatusCode::NO_CONTENT, "", ""));
    let mut response = Response::new(Full::new(Bytes::from_static(body.as_bytes())));
    *response.status_mut() = status;
    if !content_type.is_empty() {
        response.headers_mut().insert("content-type", content_type.parse().expect("a content type"));
    }
    Ok(response)
}
