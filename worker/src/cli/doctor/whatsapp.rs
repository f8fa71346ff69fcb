//! The WhatsApp sender: whether Twilio sends from it, where it reports to, its quality, and the limits that workers keep to.

use shared::{
    config::{Env, insecure_allowed},
    domain::{Channel, MessageKind, MessagingLimit, PeopleLimit},
};
use sqlx::PgConnection;
use url::Url;

use super::{
    database::{self, STALE},
    finding::Findings,
    twilio::{client, unanswered},
};
use crate::{
    cli::open::masked,
    config::{TwilioConfig, WhatsappConfig},
    store::{
        whatsapp_pace,
        whatsapp_sender::{self, SenderState},
    },
    twilio::{Sender, WHATSAPP_PREFIX, WhatsappSender, explain, is_sandbox},
};

const SENDER: &str = "sender";
const SANDBOX: &str = "sandbox";
const CALLBACKS: &str = "callbacks";
const QUALITY: &str = "quality";
const LIMIT: &str = "limit";
const IN_USE: &str = "in use";
const RATE: &str = "rate";

/// The settings that a sender is judged by.
struct Settings {
    sender: Sender,
    /// The kinds that list WhatsApp, for texts.
    kinds: String,
    /// Welcomes go by WhatsApp. The other kinds list it by default, also where it is not in use: they are no reason to fail.
    welcomes: bool,
    public_url: Option<Url>,
    people: PeopleLimit,
}

pub(super) async fn check(found: &mut Findings) {
    let Some(settings) = settings(found) else { return };
    let Some((_, client)) = client() else {
        return found.skipped(SENDER, "not asked: see the settings above");
    };
    match client.whatsapp_senders(&settings.sender).await {
        Ok(senders) => judge(found, &settings, &senders),
        Err(fault) if fault.is_account() || fault.is_not_found() => {
            found.skipped(SENDER, "not asked: see twilio above");
        }
        Err(fault) => unanswered(found, SENDER, fault),
    }
    if settings.welcomes {
        fleet(found, settings.people).await;
    }
}

fn settings(found: &mut Findings) -> Option<Settings> {
    let mut env = Env::of_process();
    let insecure = &insecure_allowed(&mut env);
    let twilio = TwilioConfig::read(&mut env, insecure);
    let whatsapp = WhatsappConfig::read(&mut env, twilio.sender().ok());
    let Ok((twilio, whatsapp)) = env.finish((twilio, whatsapp)) else {
        found.skipped(SENDER, "not asked: see the settings above");
        return None;
    };
    let kinds: Vec<&str> = whatsapp.channels.kinds_on(Channel::Whatsapp).map(MessageKind::as_str).collect();
    if kinds.is_empty() {
        found.skipped(SENDER, "CHANNELS does not list whatsapp");
        return None;
    }
    let kinds = kinds.join(", ");
    let welcomes = whatsapp.for_welcomes();
    let Some(sender) = whatsapp.sender else {
        found.skipped(SENDER, format!("TWILIO_WHATSAPP_FROM is not set: {kinds} cannot go by WhatsApp"));
        return None;
    };
    Some(Settings { sender, kinds, welcomes, public_url: twilio.public_url, people: whatsapp.people })
}

fn judge(found: &mut Findings, settings: &Settings, senders: &[WhatsappSender]) {
    let sandbox = is_sandbox(settings.sender.as_str()) || senders.iter().any(|s| is_sandbox(&s.address));
    if sandbox {
        let text = "the sender is Twilio's sandbox: it reaches only those who sent it `join …` in the last 3 days, \
                    and error 63015 is reported for all others";
        let advice = "use it for tests only: register a sender of your own in Twilio's console, and set \
                      TWILIO_WHATSAPP_FROM";
        if settings.welcomes {
            found.warning(SANDBOX, text, advice);
        } else {
            found.skipped(SANDBOX, text);
        }
    }
    if senders.is_empty() {
        // Twilio does not list the sandbox among the senders of an account.
        if !sandbox {
            missing(found, settings);
        }
        return;
    }
    for sender in senders {
        online(found, settings, sender);
        callbacks(found, settings.public_url.as_ref(), sender);
        quality(found, sender);
    }
    let lowest = senders.iter().filter(|sender| sender.limit().is_some()).min_by_key(|sender| sender.limit());
    limit(found, settings, lowest.or(senders.first()));
}

fn missing(found: &mut Findings, settings: &Settings) {
    let (text, advice) = match &settings.sender {
        Sender::Service(_) => (
            "the Messaging Service has no WhatsApp sender",
            "add one to its sender pool in Twilio's console, or set TWILIO_WHATSAPP_FROM (error 63007)",
        ),
        Sender::From(_) => (
            "the account has no WhatsApp sender with the number of TWILIO_WHATSAPP_FROM",
            "correct TWILIO_WHATSAPP_FROM: Twilio's console, Messaging, Senders, WhatsApp senders (error 63007)",
        ),
    };
    if settings.welcomes {
        found.misconfigured(SENDER, text, advice);
    } else {
        found.skipped(SENDER, format!("{text}: {} cannot go by WhatsApp", settings.kinds));
    }
}

fn name(sender: &WhatsappSender) -> String {
    masked(sender.address.trim_start_matches(WHATSAPP_PREFIX))
}

fn online(found: &mut Findings, settings: &Settings, sender: &WhatsappSender) {
    let (name, status) = (name(sender), sender.status.to_lowercase());
    if sender.is_online() {
        return found.passed(SENDER, format!("{name} is {status}"));
    }
    let codes: Vec<String> = sender.offline_codes.iter().map(u32::to_string).collect();
    let because = if codes.is_empty() { String::new() } else { format!(", error {}", codes.join(", ")) };
    let text =
        format!("{name} is {}{because}", if status.is_empty() { "of no known status" } else { &status });
    let advice = match sender.offline_codes.first() {
        Some(code) => explain(*code),
        None => "see Twilio's console, Messaging, Senders, WhatsApp senders",
    };
    if settings.welcomes {
        found.misconfigured(SENDER, text, advice);
    } else {
        found.warning(SENDER, text, advice);
    }
}

fn callbacks(found: &mut Findings, public: Option<&Url>, sender: &WhatsappSender) {
    let name = name(sender);
    let Some(public) = public else {
        return found.skipped(CALLBACKS, format!("{name}: not compared, PUBLIC_URL is not set"));
    };
    if sender.callback_urls.is_empty() {
        let text = format!("{name}: none set at the sender; each message names PUBLIC_URL for its status");
        return found.passed(CALLBACKS, text);
    }
    let mut elsewhere: Vec<String> =
        sender.callback_urls.iter().filter(|url| !leads_to(public, url)).map(|url| host(url)).collect();
    elsewhere.sort_unstable();
    elsewhere.dedup();
    if elsewhere.is_empty() {
        found.passed(CALLBACKS, format!("{name}: the addresses set at the sender lead to PUBLIC_URL"));
    } else {
        let text = format!("{name}: the sender reports to {}, which is not PUBLIC_URL", elsewhere.join(", "));
        let advice = "what people write goes there: correct the addresses at the sender (Twilio's console, Messaging, \
                      Senders), unless another service is meant to get it";
        found.warning(CALLBACKS, text, advice);
    }
}

/// Whether an address is on the server, and below the path, of `public`.
fn leads_to(public: &Url, address: &str) -> bool {
    let Ok(address) = Url::parse(address) else { return false };
    let base = public.path().trim_end_matches('/');
    let below =
        address.path().strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    address.origin() == public.origin() && below
}

/// The host of an address, which may hold a password.
fn host(address: &str) -> String {
    let url = Url::parse(address).ok();
    url.as_ref().and_then(Url::host_str).unwrap_or("an address that cannot be read").to_owned()
}

fn quality(found: &mut Findings, sender: &WhatsappSender) {
    let name = name(sender);
    match sender.quality.as_deref() {
        Some("LOW" | "RED") => {
            let advice = "many people block or report its messages: look at texts and consents before Meta pauses \
                          templates or lowers the limit";
            found.warning(QUALITY, format!("{name}: low"), advice);
        }
        Some(word @ ("HIGH" | "GREEN" | "MEDIUM" | "YELLOW")) => {
            found.passed(QUALITY, format!("{name}: {}", word.to_lowercase()));
        }
        _ => found.skipped(QUALITY, format!("{name}: not rated")),
    }
}

fn limit(found: &mut Findings, settings: &Settings, sender: Option<&WhatsappSender>) {
    let words = sender.and_then(|sender| sender.messaging_limit.as_deref()).unwrap_or("nothing");
    let reported = sender.and_then(WhatsappSender::limit);
    let too_high = |set: &str| {
        (
            format!("WHATSAPP_MAX_PEOPLE_PER_DAY is {set}, and the sender may write to fewer: {words}"),
            "messages beyond the limit fail with error 63018: leave WHATSAPP_MAX_PEOPLE_PER_DAY empty, or lower it",
        )
    };
    match (settings.people, reported) {
        (PeopleLimit::OfSender, None) => {
            let text = format!("Twilio reports {words:?}, which names no number of people");
            let advice = "the last known limit holds, else 225 people: set WHATSAPP_MAX_PEOPLE_PER_DAY to nine tenths of \
                          the limit that Meta shows for the business";
            found.warning(LIMIT, text, advice);
        }
        (_, None) => found.skipped(LIMIT, "not reported: WHATSAPP_MAX_PEOPLE_PER_DAY holds"),
        (PeopleLimit::Fixed(people), Some(MessagingLimit::People(most))) if people > most => {
            let (text, advice) = too_high(&people.to_string());
            found.warning(LIMIT, text, advice);
        }
        (PeopleLimit::Unlimited, Some(MessagingLimit::People(_))) => {
            let (text, advice) = too_high("0");
            found.warning(LIMIT, text, advice);
        }
        (set, reported) => found.passed(LIMIT, format!("{words}: {}", people(set.per_day(reported)))),
    }
}

fn people(per_day: Option<u32>) -> String {
    match per_day {
        Some(people) => format!("{people} people in any 24 hours"),
        None => "any number of people".to_owned(),
    }
}

/// What all workers keep to, as the database has it.
async fn fleet(found: &mut Findings, limit: PeopleLimit) {
    let Some(mut connection) = database::connect_migrated(found, IN_USE).await else { return };
    match read(&mut connection).await {
        Ok((state, share)) => {
            in_use(found, limit, &state);
            rate(found, share);
        }
        Err(error) => database::failed(found, IN_USE, Some(error)),
    }
}

async fn read(connection: &mut PgConnection) -> Result<(SenderState, f64), sqlx::Error> {
    Ok((whatsapp_sender::state(&mut *connection).await?, whatsapp_pace::share(connection).await?))
}

fn in_use(found: &mut Findings, limit: PeopleLimit, state: &SenderState) {
    let used = people(limit.per_day(state.limit));
    if limit != PeopleLimit::OfSender {
        return found.passed(IN_USE, format!("{used}, as WHATSAPP_MAX_PEOPLE_PER_DAY says"));
    }
    match (&state.error, state.age) {
        (Some(error), _) => {
            let text = format!("{used}: a worker could not read the limit ({error})");
            found.warning(IN_USE, text, "the last known limit holds; workers try again by themselves");
        }
        (None, None) => found.skipped(IN_USE, format!("{used}: no worker has read the limit yet")),
        (None, Some(age)) if age > STALE => {
            let text = format!("{used}: read {} h ago", age.as_secs() / 3600);
            found.warning(IN_USE, text, "no worker reads it: see whether one runs with the same CHANNELS");
        }
        (None, Some(age)) => found.passed(IN_USE, format!("{used}, read {} min ago", age.as_secs() / 60)),
    }
}

fn rate(found: &mut Findings, share: f64) {
    if share >= 1.0 {
        return found.passed(RATE, "all of WHATSAPP_RATE");
    }
    let text =
        format!("{:.0} % of WHATSAPP_RATE, since WhatsApp refused messages as too many", share * 100.0);
    let advice = "it grows again by itself. If it keeps coming, lower WHATSAPP_RATE or WHATSAPP_MAX_PEOPLE_PER_DAY \
                  (errors 63017 and 63018)";
    found.warning(RATE, text, advice);
}

#[cfg(test)]
mod tests;
