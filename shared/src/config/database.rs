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

    /// Connection options; `name` is shown in `pg_stat_activity`. What never leaves this machine is not encrypted unless
    /// the URL asks for it: on both sides TLS is a tenth of the CPU that batches of events cost.
    pub fn options(&self, name: &str) -> Result<PgConnectOptions, sqlx::Error> {
        let options = self.0.expose_secret().parse::<PgConnectOptions>()?.application_name(name);
        let optional = matches!(options.get_ssl_mode(), PgSslMode::Prefer);
        Ok(if optional && is_local(&options) { options.ssl_mode(PgSslMode::Disable) } else { options })
    }
}

fn check_tls(env: &mut Env, setting: &Setting, options: &PgConnectOptions, insecure: bool) {
    let encrypted =
        matches!(options.get_ssl_mode(), PgSslMode::Require | PgSslMode::VerifyCa | PgSslMode::VerifyFull);
    if !(encrypted || is_local(options) || insecure) {
        env.fault(
            setting.name,
            "add `?sslmode=verify-full` (or `require`): the host is not loopback; or set ALLOW_INSECURE=1",
        );
    }
}

fn is_local(options: &PgConnectOptions) -> bool {
    is_loopback(options.get_host()) || options.get_socket().is_some() || options.get_host().starts_with('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_this_machine_is_spoken_to_without_tls_unless_asked_for() {
        for (url, mode) in [
            ("postgres://u@127.0.0.1/db", PgSslMode::Disable),
            ("postgres://u@localhost/db?sslmode=prefer", PgSslMode::Disable),
            ("postgres://u@localhost/db?sslmode=require", PgSslMode::Require),
            ("postgres://u@db.example.org/db", PgSslMode::Prefer),
            ("postgres://u@db.example.org/db?sslmode=verify-full", PgSslMode::VerifyFull),
        ] {
            let options = DatabaseUrl(url.into()).options("test").unwrap();
            assert_eq!(format!("{:?}", options.get_ssl_mode()), format!("{mode:?}"), "{url}");
        }
    }
}
