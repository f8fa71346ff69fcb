//! The settings: each is valid, and they fit together.

use shared::config::{DatabaseUrl, Env, Insecure, insecure_allowed, settings};

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
    let mut env = Env::of_process();
    let insecure = insecure_allowed(&mut env);
    let allowed = match &insecure {
        Insecure::Nowhere => None,
        Insecure::Hosts(hosts) => Some(hosts.join(", ")),
        Insecure::Everywhere => Some("every host".to_owned()),
    };
    if let Some(hosts) = allowed {
        let advice = "in production use amqps://, https:// and sslmode=verify-full, and leave it unset";
        let text = format!("ALLOW_INSECURE allows plain connections to {hosts}");
        found.warning("encryption", text, advice);
    }
    if DatabaseUrl::read(&mut env, &settings::DATABASE_URL, &insecure).unverified() {
        let advice = "use sslmode=verify-full: require does not check which server answers";
        found.warning("encryption", "DATABASE_URL does not check the server's certificate", advice);
    }
}
