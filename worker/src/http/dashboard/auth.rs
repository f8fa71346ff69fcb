//! The auth middleware. Every page requires a session or a trusted proxy's header. Every change requires also the
//! session's token and a role that may make it.

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use url::form_urlencoded;

use super::{
    Admin,
    answer::{self, Refusal},
    session::{self, Visitor},
    vouched,
};
use crate::config::Act;

/// Most forms of ours are some hundred bytes. The longest answer takes 14,400: a letter of Nepali takes nine in a form.
pub(super) const MAX_BODY: usize = 32 * 1024;

/// What each form does. A form without a line here is refused, so that a new one cannot be left open to everybody. What
/// staff do about a person needs further permissions, which its handler checks.
const FORMS: [(&str, Option<Act>); 14] = [
    ("/logout", None),
    ("/pause", Some(Act::Pause)),
    ("/resume", Some(Act::Pause)),
    ("/letters/replay", Some(Act::Replay)),
    ("/unknown/settle", Some(Act::Settle)),
    ("/unknown/settle-period", Some(Act::Settle)),
    ("/tasks/close", Some(Act::Tasks)),
    ("/person/act", Some(Act::Stop)),
    ("/person/dates", Some(Act::Dates)),
    ("/conversation/reveal", Some(Act::Reveal)),
    ("/conversation/media", Some(Act::Reveal)),
    ("/conversation/answer", Some(Act::Answer)),
    ("/conversation/take", Some(Act::Answer)),
    ("/conversation/close", Some(Act::Answer)),
];

/// Sent by the page's script. Such a request is not the visitor's activity, so the session's idle time goes on.
const REFRESH: &str = "X-Refresh";

/// Whether the page's script asks by itself.
pub(super) fn is_refresh(headers: &HeaderMap) -> bool {
    headers.contains_key(REFRESH)
}

/// Answers requests of signed-in visitors only.
pub(crate) async fn keep(State(admin): State<Arc<Admin>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let refresh = is_refresh(&parts.headers);
    let found = match identify(&admin, &parts, !refresh).await {
        Ok(found) => found,
        Err(error) => return answer::unavailable(&error),
    };
    let Some((visitor, cookie)) = found else { return stranger(&parts.method, refresh) };
    let mut request = Request::from_parts(parts, body);
    if request.method() != Method::GET && request.method() != Method::HEAD {
        request = match check_change(&visitor, request).await {
            Ok(request) => request,
            Err(refusal) => return refusal.into_response(),
        };
    }
    request.extensions_mut().insert(visitor);
    let mut response = next.run(request).await;
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// The visitor, and the cookie of a session that began just now.
async fn identify(
    admin: &Admin,
    parts: &Parts,
    active: bool,
) -> Result<Option<(Visitor, Option<HeaderValue>)>, sqlx::Error> {
    let headers = &parts.headers;
    let known = session::find(admin.pool(), headers, active).await?;
    if let Some((name, role)) = vouched::vouched(&admin.config, &parts.extensions, headers) {
        if let Some(known) = known.filter(|s| s.name == name) {
            return Ok(Some((Visitor { name, role, csrf: known.csrf }, None)));
        }
        let (visitor, cookie) = session::begin(admin.pool(), &name, role).await?;
        return Ok(Some((visitor, Some(cookie))));
    }
    // A visitor whose account was removed is signed out at once. A session that a proxy vouched for needs the proxy.
    let visitor = known.and_then(|known| {
        let role = admin.config.accounts.find(&known.name)?.role;
        Some((Visitor { name: known.name, role, csrf: known.csrf }, None))
    });
    Ok(visitor)
}

fn stranger(method: &Method, refresh: bool) -> Response {
    if method == Method::GET && !refresh {
        Redirect::to("/login").into_response()
    } else {
        StatusCode::UNAUTHORIZED.into_response()
    }
}

/// A change needs the session's token in its form, and a role that may make it.
async fn check_change(visitor: &Visitor, request: Request) -> Result<Request, Refusal> {
    same_site(request.headers())?;
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, MAX_BODY).await.map_err(|_| Refusal::TooLarge)?;
    let token = form_urlencoded::parse(&bytes).find(|(name, _)| name == "csrf").map(|(_, value)| value);
    if !token.is_some_and(|t| session::same(t.as_bytes(), visitor.csrf.as_bytes())) {
        return Err(Refusal::Forged);
    }
    let form = FORMS.into_iter().find(|(path, _)| *path == parts.uri.path());
    let (_, act) = form.ok_or(Refusal::NoSuchForm)?;
    if let Some(act) = act {
        answer::allow(visitor, act)?;
    }
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

/// Browsers say where a form was sent from (Fetch Metadata); other clients say nothing.
pub(crate) fn same_site(headers: &HeaderMap) -> Result<(), Refusal> {
    match headers.get("Sec-Fetch-Site").map(HeaderValue::as_bytes) {
        None | Some(b"same-origin" | b"none") => Ok(()),
        Some(_) => Err(Refusal::Forged),
    }
}
