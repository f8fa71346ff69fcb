//! The dashboard: where it listens, and who may come in.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use shared::config::{Env, Setting, settings};

use super::accounts::Accounts;

/// A secret that a proxy shows must not be guessed.
const SHORTEST_SECRET: usize = 16;

/// Everything about the dashboard.
#[derive(Debug, Clone)]
pub(crate) struct AdminConfig {
    pub(crate) addr: SocketAddr,
    /// Who signs in with a password.
    pub(crate) accounts: Accounts,
    /// The proxy that signs people in.
    pub(crate) proxy: Option<ProxyConfig>,
    /// Proxies whose `X-Forwarded-For` counts.
    pub(crate) trusted: Vec<IpNet>,
}

/// A reverse proxy that signs users in.
#[derive(Debug, Clone)]
pub(crate) struct ProxyConfig {
    /// The header with the name.
    pub(crate) header: String,
    /// What it must show in `X-Admin-Proxy-Secret`.
    pub(crate) secret: SecretString,
    /// Who of those it names has which role; the others are viewers.
    pub(crate) operators: Vec<String>,
    pub(crate) care: Vec<String>,
}

impl AdminConfig {
    /// None unless `ADMIN_ADDR` is set.
    pub(crate) fn read(env: &mut Env, trusted: &[IpNet]) -> Option<Self> {
        env.optional(&settings::ADMIN_ADDR)?;
        let addr = env.parse::<SocketAddr>(&settings::ADMIN_ADDR).unwrap_or(([127, 0, 0, 1], 0).into());
        let accounts = accounts(env);
        let proxy = proxy(env, trusted);
        let (file, header) = (&settings::ADMIN_USERS_FILE, &settings::ADMIN_PROXY_HEADER);
        if env.optional(file).is_none() && env.optional(header).is_none() {
            let what =
                "nobody could sign in: set it (lines made by `worker admin-hash`), or ADMIN_PROXY_HEADER";
            env.fault(file.name, what);
        }
        Some(Self { addr, accounts, proxy, trusted: trusted.to_vec() })
    }
}

fn accounts(env: &mut Env) -> Accounts {
    let name = settings::ADMIN_USERS_FILE.name;
    let Some(path) = env.optional(&settings::ADMIN_USERS_FILE) else { return Accounts::default() };
    match std::fs::read_to_string(path) {
        Ok(text) => Accounts::parse(&text).unwrap_or_else(|fault| {
            env.fault(name, fault);
            Accounts::default()
        }),
        Err(error) => {
            env.fault(name, format_args!("names a file that cannot be read: {error}"));
            Accounts::default()
        }
    }
}

/// Reads `TRUSTED_PROXIES`.
pub(super) fn trusted(env: &mut Env) -> Vec<IpNet> {
    let mut nets = Vec::new();
    for word in list(env, &settings::TRUSTED_PROXIES) {
        match word.parse::<IpNet>().or_else(|_| word.parse::<IpAddr>().map(IpNet::from)) {
            Ok(net) => nets.push(net),
            Err(_) => {
                env.fault(
                    settings::TRUSTED_PROXIES.name,
                    format_args!("{word:?} is neither an address nor a CIDR such as 10.0.0.0/8"),
                );
            }
        }
    }
    nets
}

fn proxy(env: &mut Env, trusted: &[IpNet]) -> Option<ProxyConfig> {
    let operators = list(env, &settings::ADMIN_PROXY_OPERATORS);
    let care = list(env, &settings::ADMIN_PROXY_CARE);
    let secret = env.secret(&settings::ADMIN_PROXY_SECRET);
    let header = env.optional(&settings::ADMIN_PROXY_HEADER)?;
    if header.parse::<axum::http::HeaderName>().is_err() {
        env.fault(settings::ADMIN_PROXY_HEADER.name, "is no name of a header, such as X-Forwarded-User");
    }
    if trusted.is_empty() {
        env.fault(
            settings::TRUSTED_PROXIES.name,
            "must name the proxy: without it anybody could send ADMIN_PROXY_HEADER",
        );
    }
    if let Some(name) = care.iter().find(|name| operators.contains(name)) {
        env.fault(
            settings::ADMIN_PROXY_CARE.name,
            format_args!("names {name:?}, and so does ADMIN_PROXY_OPERATORS: a person has one role"),
        );
    }
    let strong = secret.filter(|s| s.expose_secret().len() >= SHORTEST_SECRET);
    if strong.is_none() {
        env.fault(
            settings::ADMIN_PROXY_SECRET.name,
            "must be set together with ADMIN_PROXY_HEADER, and hold at least 16 characters",
        );
    }
    Some(ProxyConfig { header, secret: strong?, operators, care })
}

fn list(env: &Env, setting: &Setting) -> Vec<String> {
    let text = env.optional(setting).unwrap_or_default();
    text.split(',').map(str::trim).filter(|w| !w.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(care: &str) -> Result<Vec<String>, String> {
        let vars = [
            ("ADMIN_ADDR", "127.0.0.1:0"),
            ("ADMIN_PROXY_HEADER", "X-Forwarded-User"),
            ("ADMIN_PROXY_SECRET", "0123456789abcdef"),
            ("ADMIN_PROXY_OPERATORS", "maya, ram"),
            ("ADMIN_PROXY_CARE", care),
        ];
        let mut env = Env::of(vars);
        let config = AdminConfig::read(&mut env, &["127.0.0.1/32".parse().unwrap()]);
        let config = env.finish(config).map_err(|faults| faults.to_string())?;
        Ok(config.unwrap().proxy.unwrap().care)
    }

    #[test]
    fn a_person_behind_the_proxy_has_one_role() {
        assert_eq!(read("asha , bina").unwrap(), ["asha", "bina"]);
        assert_eq!(read("").unwrap(), Vec::<String>::new());
        let why = read("asha,ram").unwrap_err();
        assert!(why.contains("ADMIN_PROXY_CARE: names \"ram\""), "{why}");
    }
}
