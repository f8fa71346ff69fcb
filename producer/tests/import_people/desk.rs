//! A database, and imports of files into it.

use std::{
    fs,
    time::{Duration, SystemTime},
};

use serde_json::{Value, json};
use support::{CommandEnv, Program};
use tempfile::TempDir;

/// A test environment and a folder for files.
pub(crate) struct Desk {
    pub(crate) test: CommandEnv,
    pub(crate) folder: TempDir,
    /// A whole second of Unix time: files of one age have one time.
    pub(crate) began: u64,
    /// ERASURE_KEY.
    pub(crate) key: String,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let began = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        Self { test: CommandEnv::new(), folder: TempDir::new().unwrap(), began, key: String::new() }
    }

    /// Imports `content` as a file that was written some minutes ago.
    pub(crate) fn import(&self, minutes: u64, content: &str, flags: &str) -> Value {
        self.import_for(minutes, content, flags, 0)
    }

    pub(crate) fn import_for(&self, minutes: u64, content: &str, flags: &str, code: i32) -> Value {
        let path = self.folder.path().join("users.csv");
        fs::write(&path, content).unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(self.began - 60 * minutes)).unwrap();
        let line = format!("csv {} --output json --actor maya {flags}", path.display());
        self.test.command(Program::Import).args(&line).env("ERASURE_KEY", &self.key).end().expect(code).json()
    }

    /// A dry run and then the import: both report the same.
    pub(crate) fn both(&self, minutes: u64, content: &str) -> Value {
        let before = self.all();
        let dry = self.import(minutes, content, "--dry-run");
        assert_eq!(self.all(), before, "a dry run writes nothing");
        let mut real = self.import(minutes, content, "");
        real["dry_run"] = json!(true);
        assert_eq!(dry, real);
        real
    }

    pub(crate) fn rows(&self, sql: &str) -> Vec<String> {
        self.test.run(self.test.database.texts(sql)).into_iter().flatten().collect()
    }

    pub(crate) fn run(&self, sql: &str) {
        self.test.run(self.test.database.execute(sql));
    }

    /// Everything that a row may change but the audit log of the import itself.
    pub(crate) fn all(&self) -> Vec<String> {
        self.rows(
            "SELECT u::text FROM users u UNION ALL SELECT l::text FROM consent_ledger l
             UNION ALL SELECT s::text FROM suppressions s UNION ALL SELECT t::text FROM tip_suppressions t
             UNION ALL SELECT q::text FROM silenced_users q UNION ALL SELECT m::text FROM loss_marks m
             UNION ALL SELECT t::text FROM staff_tasks t
             UNION ALL SELECT k::text FROM person_keys k UNION ALL SELECT e::text FROM erased_numbers e
             UNION ALL SELECT a::text FROM audit_log a WHERE action NOT LIKE 'import %' ORDER BY 1",
        )
    }

    pub(crate) fn consents(&self, user: &str) -> Vec<String> {
        self.rows(&format!(
            "SELECT concat_ws(' ', purpose, channel, granted, source) FROM consent_effective WHERE user_id = '{user}'
             ORDER BY 1"
        ))
    }

    pub(crate) fn status(&self) -> Vec<String> {
        self.rows(
            "SELECT concat_ws(' ', user_id, state, coalesce(reason, '-'), welcome_status) FROM onboarding_status
             ORDER BY user_id",
        )
    }

    pub(crate) fn tasks(&self) -> Vec<String> {
        self.rows("SELECT concat_ws(' ', kind, user_id, closed_at IS NULL) FROM needs_person ORDER BY 1")
    }

    pub(crate) fn suppressed(&self) -> Vec<String> {
        self.rows(
            "SELECT concat_ws(' ', phone_e164, source, channel, wrong_number, loss) FROM suppressions
             WHERE lifted_at IS NULL ORDER BY 1",
        )
    }
}
