//! What a request says.

use std::net::IpAddr;

use axum::extract::Request;
use shared::{consent::StopCode, templates::Language};
use url::form_urlencoded;

use super::site::Site;
use crate::http::client_address;

/// A request, as far as it decides.
pub(super) struct Visit {
    /// None: the path holds no code.
    pub(super) code: Option<StopCode>,
    /// As it came, never decoded.
    pub(super) path: String,
    pub(super) address: IpAddr,
    pub(super) language: Language,
    /// Right after a form was sent.
    pub(super) done: bool,
    /// From a form on another site.
    pub(super) cross_site: bool,
}

impl Visit {
    pub(super) fn of(site: &Site, request: &Request) -> Self {
        let path = request.uri().path();
        let query = request.uri().query().unwrap_or_default();
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        let english = pairs.clone().any(|(name, value)| name == "lang" && value == "en");
        let fetched_from = request.headers().get("Sec-Fetch-Site");
        Self {
            code: path.strip_prefix(&site.path).and_then(StopCode::parse),
            path: path.to_owned(),
            address: client_address::client(&site.trusted, request.extensions(), request.headers()),
            language: if english { Language::En } else { Language::Ne },
            done: pairs.any(|(name, _)| name == "done"),
            cross_site: fetched_from.is_some_and(|site| site.as_bytes() == b"cross-site"),
        }
    }
}
