//! Sessions: a random token in a cookie, its digest in Postgres.

use axum::http::{HeaderMap, HeaderValue, header};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cookie::{Cookie, SameSite, time::Duration};
use rand::RngCore as _;
use sha2::{Digest as _, Sha256};
use sqlx::PgPool;

use crate::{config::Role, store::admin_sessions};

/// The session's cookie.
const SESSION: &str = "aamcare_session";

/// A signed-in visitor.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    pub(crate) name: String,
    pub(crate) role: Role,
    /// The token that each of the visitor's forms contains.
    pub(crate) csrf: String,
}

/// 256 random bits as text.
pub(crate) fn random_token() -> String {
    let mut bytes = [0; 32];
    rand::rngs::OsRng.fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Whether two secrets are equal. The comparison is of digests, so its time does not reveal the secret.
pub(crate) fn same(one: &[u8], other: &[u8]) -> bool {
    Sha256::digest(one) == Sha256::digest(other)
}

/// Begins a session; returns what the visitor is to know of it, and the cookie.
pub(crate) async fn begin(
    pool: &PgPool,
    name: &str,
    role: Role,
) -> Result<(Visitor, HeaderValue), sqlx::Error> {
    let (token, csrf) = (random_token(), random_token());
    admin_sessions::begin(pool, &digest(&token), name, &csrf).await?;
    Ok((Visitor { name: name.to_owned(), role, csrf }, set(SESSION, &token, None)))
}

/// The session of the request's cookie, if it is not over.
pub(crate) async fn find(
    pool: &PgPool,
    headers: &HeaderMap,
    active: bool,
) -> Result<Option<admin_sessions::Session>, sqlx::Error> {
    match get(headers, SESSION) {
        Some(token) => admin_sessions::find(pool, &digest(&token), active).await,
        None => Ok(None),
    }
}

/// Ends the session of the request's cookie; returns the cookie that clears it.
pub(crate) async fn end(pool: &PgPool, headers: &HeaderMap) -> Result<HeaderValue, sqlx::Error> {
    if let Some(token) = get(headers, SESSION) {
        admin_sessions::end(pool, &digest(&token)).await?;
    }
    Ok(set(SESSION, "", Some(Duration::ZERO)))
}

fn digest(token: &str) -> Vec<u8> {
    Sha256::digest(token).to_vec()
}

/// A cookie that only this host gets, over TLS or on loopback, and no script. Without `age` it ends with the browser.
pub(crate) fn set(name: &'static str, value: &str, age: Option<Duration>) -> HeaderValue {
    let mut cookie = Cookie::build((name, value))
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Strict)
        .build();
    cookie.set_max_age(age);
    // Err: names and values of ours are ASCII.
    HeaderValue::from_str(&cookie.to_string()).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// The request's cookie of this name.
pub(crate) fn get(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut cookies = lines.flat_map(|line| Cookie::split_parse(line.to_owned()).flatten());
    cookies.find(|c| c.name() == name).map(|c| c.value().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_for_this_host_only() {
        let shown = set(SESSION, "token", None);
        let shown = shown.to_str().unwrap();
        for part in ["aamcare_session=token", "HttpOnly", "SameSite=Strict", "Secure", "Path=/"] {
            assert!(shown.contains(part), "{shown}");
        }
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_static("lang=ne; aamcare_session=token"));
        assert_eq!(get(&headers, SESSION).as_deref(), Some("token"));
        assert_eq!(get(&headers, "session"), None);
    }

    #[test]
    fn tokens_are_never_the_same() {
        let (one, other) = (random_token(), random_token());
        assert!(one.len() == 43 && !same(one.as_bytes(), other.as_bytes()));
        assert!(same(one.as_bytes(), one.as_bytes()));
    }
}
