//! What `import` reads from the environment.

use shared::{
    config::{DatabaseUrl, Env, Faults, Insecure, insecure_allowed, settings},
    phone::NumberPolicy,
    telemetry::{self, LogFormat},
};

/// The settings of every import.
pub(crate) struct Settings {
    pub(crate) database: DatabaseUrl,
    pub(crate) numbers: NumberPolicy,
    pub(crate) log_format: LogFormat,
}

impl Settings {
    /// Reads them and what `more` reads, so that all faults are told at once. `more` learns whether unencrypted
    /// connections are allowed.
    pub(crate) fn read<T>(
        mut env: Env,
        more: impl FnOnce(&mut Env, &Insecure) -> T,
    ) -> Result<(Self, T), Faults> {
        let insecure = &insecure_allowed(&mut env);
        let settings = Self {
            database: DatabaseUrl::read(&mut env, &settings::DATABASE_URL, insecure),
            numbers: NumberPolicy::read(&mut env),
            log_format: telemetry::log_format(&mut env),
        };
        let more = more(&mut env, insecure);
        env.finish((settings, more))
    }
}
