//! How to reach Postgres.

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use super::{Env, Insecure, Setting, address::server_url, host::is_loopback};

/// A checked Postgres URL. It may hold a password, so `Debug` hides it.
#[derive(Debug, Clone)]
pub struct DatabaseUrl(SecretString);

impl DatabaseUrl {
    /// Reads `setting` (or its `_FILE`). Unencrypted connections to other hosts are a fault.
    pub fn read(env: &mut Env, setting: &Setting, insecure: &Insecure) -> Self {
        let url = env.required_secret(setting);
        if !url.expose_secret().is_empty() {
            check(env, setting, url.expose_secret(), insecure);
        }
        Self(url)
    }

    /// Whether the connection is encrypted but the certificate of the other host is not checked. Such a connection is
    /// protected against eavesdropping, but not against a server that impersonates ours.
    pub fn unverified(&self) -> bool {
        let options = self.0.expose_secret().parse::<PgConnectOptions>();
        options.is_ok_and(|o| matches!(o.get_ssl_mode(), PgSslMode::Require) && !is_local(&o))
    }

    /// Connection options. Postgres shows `name` in `pg_stat_activity`. A connection to this machine is not encrypted
    /// unless the URL asks for it, because TLS costs a tenth of the CPU time of batches on both sides.
    pub fn options(&self, name: &str) -> Result<PgConnectOptions, sqlx::Error> {
        let options = self.0.expose_secret().parse::<PgConnectOptions>()?.application_name(name);
        // A pooler refuses unknown startup parameters. Since Postgres 12 floats are exact without this one.
        let options = options.extra_float_digits(None);
        let optional = matches!(options.get_ssl_mode(), PgSslMode::Prefer);
        Ok(if optional && is_local(&options) { options.ssl_mode(PgSslMode::Disable) } else { options })
    }
}

fn check(env: &mut Env, setting: &Setting, text: &str, insecure: &Insecure) {
    // sqlx accepts any scheme.
    let Some(url) = server_url(env, setting, text, ["postgres", "postgresql"]) else { return };
    if url.host_str().is_some_and(|host| host.contains(',')) {
        return env.fault(setting.name, "must name one host: a list of hosts is not supported");
    }
    match text.parse::<PgConnectOptions>() {
        Ok(options) => check_tls(env, setting, &options, insecure),
        // The parser's error may quote the URL and its password.
        Err(_) => env.fault(setting.name, format_args!("is not a Postgres URL. {}", setting.sentence())),
    }
}

fn check_tls(env: &mut Env, setting: &Setting, options: &PgConnectOptions, insecure: &Insecure) {
    let encrypted =
        matches!(options.get_ssl_mode(), PgSslMode::Require | PgSslMode::VerifyCa | PgSslMode::VerifyFull);
    if !(encrypted || is_local(options) || insecure.allows(options.get_host())) {
        env.fault(
            setting.name,
            "add `?sslmode=verify-full`: the host is not loopback; or let ALLOW_INSECURE name it",
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
    fn a_server_on_this_machine_is_reached_without_tls_unless_the_url_asks_for_it() {
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

    fn read(url: &str) -> Result<DatabaseUrl, crate::config::Faults> {
        let mut env = Env::of([("DATABASE_URL", url)]);
        let read = DatabaseUrl::read(
            &mut env,
            &crate::config::settings::DATABASE_URL,
            &Insecure::Hosts(vec!["db".to_owned()]),
        );
        env.finish(read)
    }

    #[test]
    fn a_url_of_another_kind_is_refused_and_not_shown() {
        let recorded = include_str!("../../../testing/cases/database-url-of-another-kind/urls.txt");
        let more = [
            "postgresql+psycopg2://u:s3cret@127.0.0.1/db",
            "sqlite:///s3cret.db",
            "u:s3cret@127.0.0.1/db",
            "127.0.0.1:5432/s3cret",
            "host=127.0.0.1 dbname=s3cret",
            "django.db.backends.postgresql://u:s3cret@127.0.0.1/db",
            "postgres:u:s3cret@127.0.0.1/db",
            "postgres:/s3cret",
            "postgres://u:1#s3cret@127.0.0.1/db",
            "postgres://127.0.0.1,localhost/s3cret",
        ];
        for url in recorded.lines().chain(more) {
            let text = read(url).unwrap_err().to_string();
            assert!(text.contains("DATABASE_URL: ") && !text.contains("s3cret"), "{url}: {text}");
        }
    }

    #[test]
    fn both_spellings_of_the_scheme_and_a_socket_are_read() {
        let socket = "postgres:///db?host=/var/run/postgresql";
        for url in
            ["postgres://u@127.0.0.1/db", "postgresql://u@localhost:5432/db", "postgres://u@db/x", socket]
        {
            assert!(read(url).is_ok(), "{url}");
        }
        assert!(read("postgres://u@db2/x").is_err(), "another host than ALLOW_INSECURE names");
    }

    #[test]
    fn encryption_without_a_checked_certificate_is_told_apart() {
        for (url, unverified) in [
            ("postgres://u@db.example.org/x?sslmode=require", true),
            ("postgres://u@db.example.org/x?sslmode=verify-full", false),
            ("postgres://u@localhost/x?sslmode=require", false),
            ("postgres://u@127.0.0.1/x", false),
        ] {
            assert_eq!(read(url).unwrap().unverified(), unverified, "{url}");
        }
    }
}
