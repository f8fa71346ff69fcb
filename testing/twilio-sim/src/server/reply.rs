//! Answers before they become HTTP.

use std::borrow::Cow;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{self, HeaderValue};
use hyper::{Response, StatusCode};
use serde::Serialize;

use crate::app::App;

/// What happens to a request.
#[derive(Debug)]
pub(crate) enum Outcome {
    Reply(Reply),
    /// The connection is reset without an answer.
    Reset,
}

/// Status, body and the few headers that vary.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Bytes,
    pub(crate) content_type: Cow<'static, str>,
    /// Seconds for a `Retry-After` header.
    pub(crate) retry_after: Option<u32>,
    /// Of a redirect.
    pub(crate) location: Option<String>,
}

impl Reply {
    pub(crate) fn json(status: u16, value: &impl Serialize) -> Self {
        let body = serde_json::to_vec(value).unwrap_or_else(|error| error.to_string().into_bytes());
        Self {
            status,
            body: body.into(),
            content_type: "application/json".into(),
            retry_after: None,
            location: None,
        }
    }

    pub(crate) fn raw(
        status: u16,
        content_type: impl Into<Cow<'static, str>>,
        body: impl Into<Bytes>,
    ) -> Self {
        Self {
            status,
            body: body.into(),
            content_type: content_type.into(),
            retry_after: None,
            location: None,
        }
    }

    /// Sends the caller to another address.
    pub(crate) fn redirect(location: String) -> Self {
        Self { location: Some(location), ..Self::raw(307, "text/plain", "") }
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The first half of the body, which is no longer JSON.
    pub(crate) fn broken(mut self) -> Self {
        self.body.truncate(self.body.len() / 2);
        self
    }

    pub(super) fn into_response(self, app: &App) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(self.body));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        let content_type = match self.content_type {
            Cow::Borrowed(name) => Ok(HeaderValue::from_static(name)),
            Cow::Owned(name) => HeaderValue::try_from(name),
        };
        if let Ok(content_type) = content_type {
            headers.insert(header::CONTENT_TYPE, content_type);
        }
        if let Ok(request_id) = HeaderValue::from_str(&app.request_ids.other("RQ")) {
            headers.insert("twilio-request-id", request_id);
        }
        headers.insert("twilio-concurrent-requests", HeaderValue::from(app.in_flight.current()));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(location) = self.location.and_then(|location| HeaderValue::try_from(location).ok()) {
            headers.insert(header::LOCATION, location);
        }
        if self.status == 401 {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"Twilio API\""));
        }
        response
    }
}
