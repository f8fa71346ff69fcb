//! What `import portal` reads from the environment.

use producer::command::Numbers;
use shared::{
    config::{DatabaseUrl, Env, Faults, Setting, insecure_allowed, settings},
    telemetry::{self, LogFormat},
};

/// The portal's Postgres.
pub(crate) const PORTAL_DATABASE_URL: Setting =
    Setting::required("PORTAL_DATABASE_URL", "the portal's Postgres, as `postgres://user@host:5432/name`");

/// The settings of one import.
pub(crate) struct Settings {
    pub(crate) database: DatabaseUrl,
    pub(crate) portal: DatabaseUrl,
    pub(crate) numbers: Numbers,
    pub(crate) log_format: LogFormat,
}

impl Settings {
    pub(crate) fn read(mut env: Env) -> Result<Self, Faults> {
        let insecure = insecure_allowed(&mut env);
        let settings = Self {
            database: DatabaseUrl::read(&mut env, &settings::DATABASE_URL, insecure),
            portal: DatabaseUrl::read(&mut env, &PORTAL_DATABASE_URL, insecure),
            numbers: Numbers::read(&mut env),
            log_format: telemetry::log_format(&mut env),
        };
        env.finish(settings)
    }
}
