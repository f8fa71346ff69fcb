//! Who a trusted proxy says is signed in.

use axum::http::{Extensions, HeaderMap, HeaderValue};
use secrecy::ExposeSecret;

use super::session::same;
use crate::{
    config::{AdminConfig, ProxyConfig, Role, is_name},
    http::client_address::{is_trusted, peer},
};

const SECRET: &str = "X-Admin-Proxy-Secret";

/// The only header of this name. Of several, one may be the client's own, which the proxy passed on.
fn only<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h HeaderValue> {
    let mut all = headers.get_all(name).iter();
    all.next().filter(|_| all.next().is_none())
}

/// The user that the proxy has signed in. The header counts only from a trusted address, with the secret, and if it
/// occurs once.
pub(crate) fn vouched(
    config: &AdminConfig,
    extensions: &Extensions,
    headers: &HeaderMap,
) -> Option<(String, Role)> {
    let proxy = config.proxy.as_ref().filter(|_| is_trusted(&config.trusted, peer(extensions)))?;
    let shown = only(headers, SECRET).map(HeaderValue::as_bytes).unwrap_or_default();
    if !same(shown, proxy.secret.expose_secret().as_bytes()) {
        return None;
    }
    let name = only(headers, &proxy.header)?.to_str().ok().filter(|n| is_name(n))?;
    Some((name.to_owned(), role(proxy, name)))
}

fn role(proxy: &ProxyConfig, name: &str) -> Role {
    let named = |list: &[String]| list.iter().any(|one| one == name);
    if named(&proxy.operators) {
        Role::Operator
    } else if named(&proxy.care) {
        Role::Care
    } else {
        Role::Viewer
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::extract::ConnectInfo;

    use super::*;
    use crate::config::Accounts;

    fn config() -> AdminConfig {
        let proxy = ProxyConfig {
            header: "X-Forwarded-User".to_owned(),
            secret: "0123456789abcdef".to_owned().into(),
            operators: vec!["maya".to_owned()],
            care: vec!["asha".to_owned()],
        };
        AdminConfig {
            addr: ([127, 0, 0, 1], 0).into(),
            accounts: Accounts::default(),
            proxy: Some(proxy),
            trusted: vec!["10.0.0.0/8".parse().unwrap()],
        }
    }

    fn from(peer: [u8; 4]) -> Extensions {
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::from((peer, 4242))));
        extensions
    }

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in lines {
            map.append(*name, HeaderValue::from_static(value));
        }
        map
    }

    #[test]
    fn a_proxys_word_counts_only_from_its_address_and_with_its_secret() {
        let good = [("x-forwarded-user", "maya"), ("x-admin-proxy-secret", "0123456789abcdef")];
        let who =
            |peer, lines: &[(&'static str, &'static str)]| vouched(&config(), &from(peer), &headers(lines));
        assert_eq!(who([10, 1, 2, 3], &good), Some(("maya".to_owned(), Role::Operator)));
        assert_eq!(who([10, 1, 2, 3], &[("x-forwarded-user", "ram"), good[1]]).unwrap().1, Role::Viewer);
        assert_eq!(who([10, 1, 2, 3], &[("x-forwarded-user", "asha"), good[1]]).unwrap().1, Role::Care);
        assert_eq!(who([192, 0, 2, 1], &good), None, "a stranger");
        assert_eq!(who([10, 1, 2, 3], &good[..1]), None, "no secret");
        assert_eq!(who([10, 1, 2, 3], &[good[0], ("x-admin-proxy-secret", "guess")]), None);
        assert_eq!(who([10, 1, 2, 3], &[("x-forwarded-user", "ma<ya"), good[1]]), None, "no name");
        let twice = ("x-forwarded-user", "ram");
        for several in [[twice, good[0], good[1]], [good[0], twice, good[1]], [good[0], good[1], good[1]]] {
            assert_eq!(who([10, 1, 2, 3], &several), None, "{several:?}");
        }
        assert_eq!(who([10, 1, 2, 3], &[("x-forwarded-user", "ram, maya"), good[1]]), None, "a list");
    }
}
