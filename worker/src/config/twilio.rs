//! The Twilio account and the address of Twilio's API.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use shared::config::{Env, Insecure, base_url, settings};
use url::Url;

use crate::twilio::{ClientConfig, Credentials, Sender, ServiceSid};

/// Everything about Twilio.
#[derive(Debug, Clone)]
pub(crate) struct TwilioConfig {
    /// None only together with a fault.
    client: Option<ClientConfig>,
    sender: Option<Sender>,
    /// The tokens that may sign callbacks.
    pub(crate) webhook_tokens: Vec<SecretString>,
    /// How Twilio reaches us; none: no callbacks are asked for.
    pub(crate) public_url: Option<Url>,
    pub(crate) connect_timeout: Duration,
    pub(crate) timeout: Duration,
    /// For a Lookup alone.
    pub(crate) lookup_timeout: Duration,
}

impl TwilioConfig {
    pub(crate) fn read(env: &mut Env, insecure: &Insecure) -> Self {
        let connect_timeout = env.duration(&settings::TWILIO_CONNECT_TIMEOUT);
        let timeout = env.duration(&settings::TWILIO_TIMEOUT);
        let lookup_timeout = env.duration(&settings::LOOKUP_TIMEOUT);
        let webhook_tokens = tokens(env);
        let api_base = base_url(env, &settings::TWILIO_API_BASE_URL, insecure);
        let lookups_base = base_url(env, &settings::TWILIO_LOOKUPS_BASE_URL, insecure);
        let messaging_base = base_url(env, &settings::TWILIO_MESSAGING_BASE_URL, insecure);
        let accounts_base = base_url(env, &settings::TWILIO_ACCOUNTS_BASE_URL, insecure);
        let content_base = base_url(env, &settings::TWILIO_CONTENT_BASE_URL, insecure);
        let client = credentials(env, &webhook_tokens).and_then(|credentials| {
            Some(ClientConfig {
                credentials,
                api_base: api_base?,
                lookups_base: lookups_base?,
                messaging_base: messaging_base?,
                accounts_base: accounts_base?,
                content_base: content_base?,
                connect_timeout,
                timeout,
            })
        });
        let public_url = base_url(env, &settings::PUBLIC_URL, insecure);
        Self {
            client,
            sender: sender(env),
            webhook_tokens,
            public_url,
            connect_timeout,
            timeout,
            lookup_timeout,
        }
    }

    /// The client's settings. A configuration without faults has them.
    pub(crate) fn client(&self) -> anyhow::Result<&ClientConfig> {
        self.client.as_ref().ok_or_else(|| anyhow::anyhow!("Twilio credentials are missing"))
    }

    /// The sender. A configuration without faults has one.
    pub(crate) fn sender(&self) -> anyhow::Result<&Sender> {
        self.sender.as_ref().ok_or_else(|| anyhow::anyhow!("a Twilio sender is missing"))
    }
}

/// The key of the hashes in the log, for commands that do without Twilio.
pub(crate) fn log_key(env: &mut Env) -> Option<SecretString> {
    env.secret(&settings::TWILIO_AUTH_TOKEN).and_then(|all| split(&all).into_iter().next())
}

fn tokens(env: &mut Env) -> Vec<SecretString> {
    split(&env.required_secret(&settings::TWILIO_AUTH_TOKEN))
}

fn split(all: &SecretString) -> Vec<SecretString> {
    let each = all.expose_secret().split(',').map(str::trim).filter(|t| !t.is_empty());
    each.map(|t| SecretString::from(t.to_owned())).collect()
}

fn credentials(env: &mut Env, tokens: &[SecretString]) -> Option<Credentials> {
    let account = env.text(&settings::TWILIO_ACCOUNT_SID);
    let key = env.optional(&settings::TWILIO_API_KEY_SID);
    let secret = env.secret(&settings::TWILIO_API_KEY_SECRET);
    let made = match (key, secret, tokens.first()) {
        (Some(key), Some(secret), _) => Credentials::api_key(&account, &key, &secret),
        (Some(_), None, _) => {
            env.fault(settings::TWILIO_API_KEY_SECRET.name, "must be set together with TWILIO_API_KEY_SID");
            return None;
        }
        (None, Some(_), _) => {
            env.fault(settings::TWILIO_API_KEY_SID.name, "must be set together with TWILIO_API_KEY_SECRET");
            return None;
        }
        (None, None, Some(token)) => Credentials::token(&account, token),
        // The missing token is a fault already.
        (None, None, None) => return None,
    };
    if account.is_empty() {
        return None;
    }
    made.map_err(|error| env.fault("TWILIO", error)).ok()
}

fn sender(env: &mut Env) -> Option<Sender> {
    let service = env.optional(&settings::TWILIO_MESSAGING_SERVICE_SID);
    let from = env.optional(&settings::TWILIO_FROM);
    match (service, from) {
        (Some(sid), None) => match ServiceSid::parse(&sid) {
            Ok(sid) => return Some(Sender::Service(sid)),
            Err(error) => env.fault(settings::TWILIO_MESSAGING_SERVICE_SID.name, error),
        },
        (None, Some(from)) => return Some(Sender::From(from)),
        (Some(_), Some(_)) => {
            env.fault(
                settings::TWILIO_FROM.name,
                "is set together with TWILIO_MESSAGING_SERVICE_SID; keep one",
            );
        }
        (None, None) => env.fault(
            settings::TWILIO_MESSAGING_SERVICE_SID.name,
            "set it (`MG` and 32 hex digits: Twilio console, Messaging, Services), or set TWILIO_FROM",
        ),
    }
    None
}
