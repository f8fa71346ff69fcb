//! Where Postgres is.

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use super::{Env, Setting, host::is_loopback};

/// A checked Postgres URL; it may hold a password, so `Debug` hides it.
#[derive(Debug, Clone)]
pub struct DatabaseUrl(SecretString);

impl DatabaseUrl {
    /// Reads `setting` (or its `_FILE`), refusing unencrypted connections to other hosts.
    pub fn read(env: &mut Env, setting: &Setting, insecure: bool) -> Self {
        let url = env.required_secret(setting);
        if !url.expose_secret().is_empty() {
            match url.expose_secret().parse::<PgConnectOptions>() {
                Ok(options) => check_tls(env, setting, &options, insecure),
                // The parser's own text may quote the URL, and with it a password.
                Err(_) => {
                    env.fault(setting.name, format_args!("is not a Postgres URL. {}", setting.sentence()));
                }
            }
        }
        Self(url)
    }

    /// Connection options; `name` is shown in `pg_stat_activity`.
    pub fn options(&self, name: &str) -> Result<PgConnectOptions, sqlx::Error> {
        Ok(self.0.expose_secret().parse::<PgConnectOptions>()?.application_name(name))
    }
}

fn check_tls(env: &mut Env, setting: &Setting, options: &PgConnectOptions, insecure: bool) {
    let encrypted =
        matches!(options.get_ssl_mode(), PgSslMode::Require | PgSslMode::VerifyCa | PgSslMode::VerifyFull);
    let local = is_loopback(options.get_host())
        || options.get_socket().is_some()
        || options.get_host().starts_with('/');
    if !(encrypted || local || insecure) {
        env.fault(
            setting.name,
            "add `?sslmode=verify-full` (or `require`): the host is not loopback; or set ALLOW_INSECURE=1",
        );
    }
}
