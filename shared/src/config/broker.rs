//! How to reach RabbitMQ.

use std::str::FromStr;

use secrecy::{ExposeSecret, SecretString};

use super::{Env, Insecure, address::server_url, settings};

/// A checked AMQP URL. It holds a password, so `Debug` hides it.
#[derive(Debug, Clone)]
pub struct AmqpUrl(SecretString);

impl AmqpUrl {
    /// The URL with a heartbeat of 10 s unless it names one, so that a frozen broker is detected within 20 s.
    /// `small_frames` limits frames to 8 KiB unless the URL names a limit.
    pub fn expose(&self, small_frames: bool) -> String {
        let mut url = self.0.expose_secret().to_owned();
        for parameter in ["heartbeat=10"].into_iter().chain(small_frames.then_some("frame_max=8192")) {
            let name = parameter.split('=').next().unwrap_or_default();
            if !url.contains(&format!("{name}=")) {
                url.push(if url.contains('?') { '&' } else { '?' });
                url.push_str(parameter);
            }
        }
        url
    }
}

/// A prefix for every exchange and queue, so that tests and stages can share a broker.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Namespace(String);

impl Namespace {
    /// `name` within this namespace.
    pub fn name(&self, name: &str) -> String {
        if self.0.is_empty() { name.to_owned() } else { format!("{}.{name}", self.0) }
    }
}

/// The text is not a [`Namespace`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("use up to 100 letters, digits, `-`, `_` and `.`")]
pub struct BadNamespace;

impl FromStr for Namespace {
    type Err = BadNamespace;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits =
            text.len() <= 100 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        if fits { Ok(Self(text.to_owned())) } else { Err(BadNamespace) }
    }
}

/// How to reach the broker and which names to use there.
#[derive(Debug, Clone)]
pub struct Broker {
    /// The address of the broker.
    pub url: AmqpUrl,
    /// The prefix of our names.
    pub namespace: Namespace,
}

impl Broker {
    /// Reads `AMQP_URL` (or its file) and `AMQP_NAMESPACE`.
    pub fn read(env: &mut Env, insecure: &Insecure) -> Self {
        let url = env.required_secret(&settings::AMQP_URL);
        let url = check(env, url, insecure);
        Self { url: AmqpUrl(url), namespace: env.value(&settings::AMQP_NAMESPACE) }
    }
}

/// The URL to use. A single slash after the host means the vhost `/`, as in most clients. RabbitMQ's URI specification
/// reads it as a vhost with an empty name, which brokers do not have.
fn check(env: &mut Env, secret: SecretString, insecure: &Insecure) -> SecretString {
    let text = secret.expose_secret();
    if text.is_empty() {
        return secret;
    }
    let Some(mut url) = server_url(env, &settings::AMQP_URL, text, ["amqps", "amqp"]) else { return secret };
    let plain = url.scheme() == "amqp";
    if plain && !url.host_str().is_some_and(|host| insecure.allows(host)) {
        let what = "use amqps://: the host is not loopback; or let ALLOW_INSECURE name it";
        env.fault(settings::AMQP_URL.name, what);
    }
    if url.path() == "/" {
        url.set_path("/%2f");
        return url.as_str().into();
    }
    secret
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str, insecure: &str) -> Result<Broker, super::super::Faults> {
        let mut env = Env::of([("AMQP_URL", url), ("AMQP_NAMESPACE", "t1")]);
        let insecure = if insecure == "1" { Insecure::Everywhere } else { Insecure::Nowhere };
        let broker = Broker::read(&mut env, &insecure);
        env.finish(broker)
    }

    #[test]
    fn names_carry_the_namespace() {
        assert_eq!(
            read("amqp://localhost", "0").unwrap().namespace.name("onboarding.live"),
            "t1.onboarding.live"
        );
        assert_eq!(Namespace::default().name("onboarding.live"), "onboarding.live");
        assert!("a b".parse::<Namespace>().is_err());
    }

    #[test]
    fn plain_amqp_stays_on_this_machine() {
        assert!(read("amqp://guest:s3cret@127.0.0.1:5672", "0").is_ok());
        assert!(read("amqps://u:s3cret@mq.example.org", "0").is_ok());
        assert!(read("amqp://u:s3cret@mq.example.org", "1").is_ok());
        for url in [
            "amqp://u:s3cret@mq.example.org",
            "redis://s3cret@h",
            "s3cret",
            "amqp:s3cret",
            "amqp://u:1#s3cret@h",
        ] {
            let text = read(url, "0").unwrap_err().to_string();
            assert!(text.contains("AMQP_URL") && !text.contains("s3cret"), "{text}");
        }
    }

    #[test]
    fn an_empty_vhost_is_the_vhost_named_slash() {
        let exposed = |url| read(url, "0").unwrap().url.expose(false);
        for url in ["amqp://u:p%40@localhost:5672/", "amqp://u:p%40@localhost:5672/%2f"] {
            assert_eq!(exposed(url), "amqp://u:p%40@localhost:5672/%2f?heartbeat=10");
        }
        assert_eq!(exposed("amqp://localhost/?heartbeat=5"), "amqp://localhost/%2f?heartbeat=5");
        assert_eq!(exposed("amqp://localhost/stage"), "amqp://localhost/stage?heartbeat=10");
    }

    #[test]
    fn a_heartbeat_and_small_frames_are_added_once() {
        let exposed = |url, small| read(url, "0").unwrap().url.expose(small);
        assert_eq!(exposed("amqp://localhost", false), "amqp://localhost?heartbeat=10");
        assert_eq!(exposed("amqp://localhost", true), "amqp://localhost?heartbeat=10&frame_max=8192");
        for url in ["amqp://localhost?heartbeat=5", "amqp://localhost?frame_max=9000&heartbeat=5"] {
            assert_eq!(exposed(url, false), url);
        }
        let named = "amqp://localhost?frame_max=9000";
        assert_eq!(exposed(named, true), format!("{named}&heartbeat=10"));
    }
}
