//! The steps as they are printed, and those that ask Twilio without a message.

use shared::cli::Failure;

use crate::{
    cli::open::masked,
    twilio::{self, Client, Preflight, ReadFault, Sender, WHATSAPP_PREFIX, WhatsappSender, is_sandbox},
};

/// Numbers the steps.
#[derive(Default)]
pub(super) struct Steps(u8);

impl Steps {
    pub(super) fn passed(&mut self, name: &str, text: impl AsRef<str>) {
        self.said(name, format!("✓ {}", text.as_ref()));
    }

    pub(super) fn failed(&mut self, name: &str, text: impl AsRef<str>) {
        self.said(name, format!("✗ {}", text.as_ref()));
    }

    /// Not checked, or not needed.
    pub(super) fn passed_over(&mut self, name: &str, text: impl AsRef<str>) {
        self.said(name, format!("– {}", text.as_ref()));
    }

    /// `text` begins with its mark.
    pub(super) fn said(&mut self, name: &str, text: impl AsRef<str>) {
        self.0 += 1;
        println!("{} {name:<11} {}", self.0, text.as_ref());
    }
}

/// Checks the credentials.
pub(super) async fn credentials(steps: &mut Steps, client: &Client) -> Result<(), Failure> {
    match client.preflight().await {
        Preflight::Good => steps.passed("credentials", "accepted by Twilio"),
        Preflight::Undecided { .. } => {
            steps.passed_over("credentials", "this key may not list messages: not checked");
        }
        Preflight::Refused { status, code } => {
            let meaning = code.map_or("", twilio::explain);
            return Err(Failure::configuration(format!(
                "Twilio refuses the credentials (HTTP {status}): {meaning}"
            )));
        }
        Preflight::Unavailable { fault } => return Err(Failure::unreachable(fault)),
    }
    Ok(())
}

/// Checks the sender of text messages.
pub(super) async fn sender(steps: &mut Steps, client: &Client, sender: &Sender) -> Result<(), Failure> {
    match sender {
        Sender::From(_) => {
            steps.passed_over("sender", "not a Messaging Service: only the message shows whether it works");
        }
        Sender::Service(sid) => match client.fetch_service(sid).await {
            Ok(service) => {
                let name = service.friendly_name.unwrap_or_default();
                steps.passed("sender", format!("Messaging Service {name:?}"));
            }
            Err(fault) if fault.is_not_found() => return Err(no_service()),
            Err(fault) => steps.passed_over("sender", format!("not checked: {fault}")),
        },
    }
    Ok(())
}

fn no_service() -> Failure {
    Failure::configuration(
        "Twilio has no Messaging Service with this SID: correct TWILIO_MESSAGING_SERVICE_SID",
    )
}

/// Checks the sender of WhatsApp messages. False: it does not send.
pub(super) async fn whatsapp_sender(
    steps: &mut Steps,
    client: &Client,
    sender: &Sender,
) -> Result<bool, Failure> {
    let senders = client.whatsapp_senders(sender).await;
    if matches!((&senders, sender), (Err(fault), Sender::Service(_)) if fault.is_not_found()) {
        return Err(no_service());
    }
    Ok(judge(steps, sender, senders))
}

fn judge(steps: &mut Steps, sender: &Sender, senders: Result<Vec<WhatsappSender>, ReadFault>) -> bool {
    let senders = match senders {
        Ok(senders) => senders,
        Err(fault) => {
            steps.passed_over("sender", format!("not checked: {fault}"));
            return true;
        }
    };
    let sandbox = is_sandbox(sender.as_str()) || senders.iter().any(|sender| is_sandbox(&sender.address));
    let online = senders.iter().find(|sender| sender.is_online());
    match (online, senders.first()) {
        _ if sandbox => {
            let text =
                "Twilio's sandbox: the number must have sent it `join …` in the last 3 days (error 63015)";
            steps.passed("sender", text);
        }
        (Some(online), _) => steps.passed("sender", format!("{} is online", name(online))),
        (None, Some(other)) => {
            let status = other.status.to_lowercase();
            steps.failed("sender", format!("{} is {status}: `worker doctor` says more", name(other)));
        }
        (None, None) => {
            let text = "Twilio lists no such WhatsApp sender: correct TWILIO_WHATSAPP_FROM, or add a sender to the \
                        Messaging Service (error 63007)";
            steps.failed("sender", text);
        }
    }
    sandbox || online.is_some()
}

fn name(sender: &WhatsappSender) -> String {
    masked(sender.address.trim_start_matches(WHATSAPP_PREFIX))
}
