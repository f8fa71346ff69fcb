//! How the page answers, and the headers of every answer.

use std::sync::LazyLock;

use askama::Template as _;
use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{Html, IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};
use shared::templates::Language;

use super::{
    site::Site,
    view::{Body, Page, STYLE},
    visit::Visit,
};

/// Tells our page from another server's.
pub(crate) const MARK: (HeaderName, &str) = (HeaderName::from_static("x-aamcare-page"), "stop");

/// Allows the page's own style and its own form only.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    // Only ASCII, so never Err; without a style the page is readable.
    HeaderValue::try_from(policy).unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
});

const HEADERS: [(HeaderName, &str); 6] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("x-robots-tag"), "noindex"),
    MARK,
];

/// Adds the headers.
pub(super) async fn harden(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY.clone());
    response
}

/// An answer, and its word in the metrics.
pub(super) struct Answer {
    result: &'static str,
    kind: Kind,
}

enum Kind {
    Page(StatusCode, Body),
    /// To the same address by GET.
    Done,
}

impl Answer {
    pub(super) fn page(result: &'static str, status: StatusCode, body: Body) -> Self {
        Self { result, kind: Kind::Page(status, body) }
    }

    pub(super) fn refused(result: &'static str, status: StatusCode) -> Self {
        Self::page(result, status, Body::Refused)
    }

    /// Too many unknown codes: the form is the way out.
    pub(super) fn limited() -> Self {
        Self::page("limited", StatusCode::TOO_MANY_REQUESTS, Body::Limited)
    }

    pub(super) fn done(result: &'static str) -> Self {
        Self { result, kind: Kind::Done }
    }

    pub(super) fn is(&self, result: &str) -> bool {
        self.result == result
    }

    pub(super) fn into_response(self, site: &Site, visit: &Visit) -> Response {
        metrics::counter!("onboarding_stop_page_requests_total", "result" => self.result).increment(1);
        match self.kind {
            Kind::Page(status, body) => draw(status, body, site, visit),
            Kind::Done => see_other(visit),
        }
    }
}

fn draw(status: StatusCode, body: Body, site: &Site, visit: &Visit) -> Response {
    let form = site.path.trim_end_matches('/');
    let form = if form.is_empty() { "/" } else { form };
    let page = Page::new(body, visit.language, visit.done, form, site.help_line.as_deref());
    match page.render() {
        Ok(text) if status == StatusCode::TOO_MANY_REQUESTS => {
            (status, [(header::RETRY_AFTER, "60")], Html(text)).into_response()
        }
        Ok(text) => (status, Html(text)).into_response(),
        Err(_) => {
            tracing::error!("the stop page could not be drawn");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn see_other(visit: &Visit) -> Response {
    let query = match visit.language {
        Language::Ne => "done",
        Language::En => "done&lang=en",
    };
    // Two slashes would lead to another host, and browsers read a backslash as a slash.
    let path = visit.path.trim_start_matches(['/', '\\']);
    let location = format!("/{path}?{query}");
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}
