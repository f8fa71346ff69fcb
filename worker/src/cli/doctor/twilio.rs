//! Twilio, by calls that text nobody. What a key may not ask is skipped, by name.

use std::time::Duration;

use shared::config::{Env, insecure_allowed};

use super::{
    finding::{Findings, unanswered},
    sender,
};
use crate::{
    config::TwilioConfig,
    twilio::{self, AccountStatus, Client, Preflight},
};

const CALL: Duration = Duration::from_secs(8);
const HOME: &str = "NP";

pub(super) async fn check(found: &mut Findings) {
    let Some((config, client)) = client() else {
        return found.skipped("credentials", "not tried: see the settings above");
    };
    if !credentials(found, &client).await {
        for check in ["account", "sender", "permission"] {
            found.skipped(check, "not asked: the credentials were not accepted");
        }
        return;
    }
    account(found, &client).await;
    sender::check(found, &client, &config).await;
    permission(found, &client).await;
}

fn client() -> Option<(TwilioConfig, Client)> {
    let mut env = Env::of_process();
    let insecure = &insecure_allowed(&mut env);
    let config = TwilioConfig::read(&mut env, insecure);
    let config = env.finish(config).ok()?;
    let mut settings = config.client().ok()?.clone();
    settings.timeout = settings.timeout.min(CALL);
    let client = Client::new(&settings).ok()?;
    Some((config, client))
}

/// False: asking further makes no sense.
async fn credentials(found: &mut Findings, client: &Client) -> bool {
    match client.preflight().await {
        Preflight::Good => {
            found.passed("credentials", "accepted");
            true
        }
        Preflight::Undecided { .. } => {
            found.skipped("credentials", "this key may not list messages; `worker register -` can tell");
            true
        }
        Preflight::Refused { status, code } => {
            let meaning = code.map_or("the account is not known there", twilio::explain);
            let text = format!("refused (HTTP {status}, error code {})", code.unwrap_or(0));
            found.misconfigured("credentials", text, meaning);
            false
        }
        Preflight::Unavailable { fault } => {
            let advice = "can this machine reach api.twilio.com? See status.twilio.com";
            found.unreachable("credentials", fault.to_string(), advice);
            false
        }
    }
}

async fn account(found: &mut Findings, client: &Client) {
    match client.fetch_account().await {
        Ok(account) if account.status != AccountStatus::Active => {
            let state = if account.status == AccountStatus::Closed { "closed" } else { "suspended" };
            found.misconfigured("account", state, "settle it with Twilio: nothing can be sent");
        }
        Ok(account) if account.trial => {
            found.warning(
                "account",
                "a trial account: it texts verified numbers only",
                "upgrade the account",
            );
        }
        Ok(_) => found.passed("account", "active, not a trial"),
        Err(fault) => unanswered(found, "account", fault),
    }
}

async fn permission(found: &mut Findings, client: &Client) {
    match client.may_text(HOME).await {
        Ok(true) => found.passed("permission", "Nepal may be texted"),
        Ok(false) => {
            let advice = "Twilio console, Messaging, Settings, Geo permissions: allow Nepal (error 21408)";
            found.misconfigured("permission", "Nepal may not be texted", advice);
        }
        Err(fault) => unanswered(found, "permission", fault),
    }
}
