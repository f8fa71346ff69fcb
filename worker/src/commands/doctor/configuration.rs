//! Are the settings usable, alone and together?

use shared::config::{Env, insecure_allowed};

use super::finding::Findings;
use crate::config::Config;

pub(super) async fn check(found: &mut Findings) {
    match Config::read(Env::of_process()) {
        Ok(_) => found.passed("settings", "all valid"),
        Err(faults) => {
            for fault in faults.0 {
                let advice = "every variable is described in docs/configuration.md";
                found.misconfigured("setting", format!("{}: {}", fault.name, fault.what), advice);
            }
        }
    }
    if insecure_allowed(&mut Env::of_process()) {
        let advice = "in production use amqps://, https:// and sslmode=verify-full, and leave it unset";
        found.warning("encryption", "ALLOW_INSECURE allows plain connections to other hosts", advice);
    }
}
