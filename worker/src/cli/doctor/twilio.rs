//! Twilio, checked with calls that send no message. Questions that the key may not ask are reported as skipped.

use std::time::Duration;

use shared::config::{Env, insecure_allowed};

use super::finding::Findings;
use crate::{
    config::TwilioConfig,
    twilio::{self, AccountStatus, Client, Preflight, ReadFault, Sender},
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
    sender(found, &client, &config).await;
    permission(found, &client).await;
}

/// The settings and a client, unless a setting has a fault.
pub(super) fn client() -> Option<(TwilioConfig, Client)> {
    let mut env = Env::of_process();
    let insecure = &insecure_allowed(&mut env);
    let config = TwilioConfig::read(&mut env, insecure);
    let config = env.finish(config).ok()?;
    let mut settings = config.client().ok()?.clone();
    settings.timeout = settings.timeout.min(CALL);
    let client = Client::new(&settings).ok()?;
    Some((config, client))
}

/// Returns whether further questions make sense.
async fn credentials(found: &mut Findings, client: &Client) -> bool {
    match client.preflight().await {
        Preflight::Good => {
            found.passed("credentials", "accepted");
            true
        }
        Preflight::Undecided { .. } => {
            found.skipped("credentials", "this key may not list messages; try `worker register`");
            true
        }
        Preflight::Refused { status, code } => {
            let meaning = code.map_or("Twilio does not know this account", twilio::explain);
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
            found.misconfigured("account", state, "contact Twilio: the account cannot send");
        }
        Ok(account) if account.trial => {
            found.warning(
                "account",
                "a trial account, which texts verified numbers only",
                "upgrade the account",
            );
        }
        Ok(_) => found.passed("account", "active, not a trial"),
        Err(fault) => unanswered(found, "account", fault),
    }
}

async fn sender(found: &mut Findings, client: &Client, config: &TwilioConfig) {
    match config.sender() {
        Ok(Sender::Service(sid)) => match client.fetch_service(sid).await {
            Ok(_) => found.passed("sender", "the Messaging Service exists"),
            Err(fault) if fault.is_not_found() => {
                let advice = "correct TWILIO_MESSAGING_SERVICE_SID: Twilio console, Messaging, Services";
                found.misconfigured("sender", "Twilio has no Messaging Service with this SID", advice);
            }
            Err(fault) => unanswered(found, "sender", fault),
        },
        Ok(Sender::From(from)) if from.starts_with('+') => match client.owns_number(from).await {
            Ok(true) => found.passed("sender", "the number of TWILIO_FROM belongs to the account"),
            Ok(false) => {
                let advice =
                    "correct TWILIO_FROM unless it is a short code or hosted elsewhere (error 21606)";
                found.warning("sender", "the number of TWILIO_FROM does not belong to the account", advice);
            }
            Err(fault) => unanswered(found, "sender", fault),
        },
        Ok(Sender::From(_)) => {
            found.skipped(
                "sender",
                "TWILIO_FROM is a name: only a message shows whether it works; try `worker register`",
            );
        }
        Err(_) => found.skipped("sender", "not asked: see the settings above"),
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

/// Reports a failed question. The credentials are good, so a refusal means that this key may not ask.
pub(super) fn unanswered(found: &mut Findings, check: &'static str, fault: ReadFault) {
    match fault.answer() {
        Some((401 | 403 | 404, _)) => found.skipped(check, "this key may not ask for it"),
        Some((429, _)) => found.skipped(check, "Twilio limits the rate of questions (HTTP 429)"),
        _ => found.unreachable(check, fault.to_string(), "try again; see status.twilio.com"),
    }
}
