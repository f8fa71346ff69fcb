//! The hosts that may be reached without encryption.

use std::net::IpAddr;

use super::{Env, settings};

/// The hosts that `ALLOW_INSECURE` names. This machine is always allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Insecure {
    /// No host but this machine.
    #[default]
    Nowhere,
    /// These hosts, in lower case.
    Hosts(Vec<String>),
    /// Every host.
    Everywhere,
}

impl Insecure {
    /// Whether an unencrypted connection to `host` is allowed.
    pub(super) fn allows(&self, host: &str) -> bool {
        is_loopback(host)
            || match self {
                Self::Nowhere => false,
                Self::Hosts(hosts) => hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(host)),
                Self::Everywhere => true,
            }
    }
}

/// Whether `host` is this machine. Names other than `localhost` are not resolved.
pub fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Reads `ALLOW_INSECURE`.
pub fn insecure_allowed(env: &mut Env) -> Insecure {
    let text = env.text(&settings::ALLOW_INSECURE);
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => return Insecure::Everywhere,
        "0" | "false" | "no" | "off" => return Insecure::Nowhere,
        _ => {}
    }
    let hosts: Vec<&str> = text.split(',').map(str::trim).filter(|host| !host.is_empty()).collect();
    match hosts.iter().find(|host| url::Host::parse(host).is_err()) {
        None => Insecure::Hosts(hosts.into_iter().map(str::to_ascii_lowercase).collect()),
        Some(host) => {
            let what = format_args!(
                "{host:?} is not a host name. Set 1, 0, or names of hosts separated by commas, without scheme and port"
            );
            env.fault(settings::ALLOW_INSECURE.name, what);
            Insecure::Nowhere
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Insecure, crate::config::Faults> {
        let mut env = Env::of([("ALLOW_INSECURE", text)]);
        let insecure = insecure_allowed(&mut env);
        env.finish(insecure)
    }

    #[test]
    fn loopback_is_distinguished_from_other_hosts() {
        for host in ["127.0.0.1", "127.9.9.9", "localhost", "::1", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["10.0.0.1", "localhost.example.org", "db", ""] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn a_list_of_hosts_allows_only_these_hosts() {
        let insecure = read("postgres, RabbitMQ").unwrap();
        for host in ["postgres", "rabbitmq", "127.0.0.1"] {
            assert!(insecure.allows(host), "{host}");
        }
        for host in ["db.example.org", "postgres.example.org", "postgre", ""] {
            assert!(!insecure.allows(host), "{host}");
        }
    }

    #[test]
    fn one_and_zero_allow_every_host_and_none() {
        for (text, allowed) in [("1", true), ("yes", true), ("0", false), ("off", false), ("", false)] {
            assert_eq!(read(text).unwrap().allows("db.example.org"), allowed, "{text}");
            assert!(read(text).unwrap().allows("::1"), "{text}");
        }
        for wrong in ["postgres:5432", "http://postgres", "a b"] {
            assert!(read(wrong).unwrap_err().to_string().contains("ALLOW_INSECURE"), "{wrong}");
        }
    }

    #[test]
    fn the_compose_file_allows_only_its_own_servers() {
        let text = std::fs::read_to_string(crate::repository::root().join("docker-compose.yml")).unwrap();
        let values: Vec<&str> =
            text.lines().filter_map(|line| line.trim().strip_prefix("ALLOW_INSECURE: ")).collect();
        assert!(!values.is_empty());
        for value in values {
            let Insecure::Hosts(hosts) = read(value).unwrap() else { panic!("{value}") };
            for host in hosts {
                assert!(text.contains(&format!("\n  {host}:\n")), "{host} is not a service");
            }
        }
    }
}
