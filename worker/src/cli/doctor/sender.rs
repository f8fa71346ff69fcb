//! Whether the sender exists.

use super::finding::{Findings, unanswered};
use crate::{
    config::TwilioConfig,
    twilio::{Client, Sender},
};

pub(super) async fn check(found: &mut Findings, client: &Client, config: &TwilioConfig) {
    match config.sender() {
        Ok(Sender::Service(sid)) => match client.fetch_service(sid).await {
            Ok(_) => found.passed("sender", "the Messaging Service exists"),
            Err(fault) if fault.is_not_found() => {
                let advice = "mend TWILIO_MESSAGING_SERVICE_SID: Twilio console, Messaging, Services";
                found.misconfigured("sender", "Twilio knows no Messaging Service of that SID", advice);
            }
            Err(fault) => unanswered(found, "sender", fault),
        },
        Ok(Sender::From(from)) if from.starts_with('+') => match client.owns_number(from).await {
            Ok(true) => found.passed("sender", "the number of TWILIO_FROM is the account's own"),
            Ok(false) => {
                let advice = "mend TWILIO_FROM unless it is a short code or hosted elsewhere (error 21606)";
                found.warning("sender", "the number of TWILIO_FROM is not among the account's", advice);
            }
            Err(fault) => unanswered(found, "sender", fault),
        },
        Ok(Sender::From(_)) => {
            found.skipped("sender", "TWILIO_FROM is a name: only a message can tell; `worker register -`");
        }
        Err(_) => found.skipped("sender", "not asked: see the settings above"),
    }
}
