//! What Twilio says of a message that has an attempt, however that becomes known: by a callback, by one that came before its SID
//! was stored, by the answer of the create call, because the worker asked, or because the message of an unknown outcome was
//! found. Each of these ways writes the status itself. What follows from a status is the same for all of them, and is here.

use shared::consent::{Door, Source, refusals};
use sqlx::PgConnection;

use super::{
    attempts::AttemptRef,
    channel_faults,
    fallbacks::{self, Late, Offer},
    take_back::take_back,
};
use crate::twilio::Absence;

/// What a status of a message means beyond its attempt.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meaning {
    pub(crate) recipient: Recipient,
    /// The message may go by SMS.
    pub(crate) fallback: Option<Offer>,
    /// The code speaks of the template.
    pub(crate) template: bool,
}

/// What a status says about the recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Recipient {
    #[default]
    Nothing,
    /// A message of a channel that does not reach everybody has arrived.
    Reached,
    /// No message of any channel is wanted.
    OptedOut,
    /// No message of this channel is wanted.
    Declined,
    /// This channel does not reach the number.
    Unreachable(Absence),
}

/// Says what statuses mean. It knows the policy, which is none of the statements.
pub(crate) trait Meanings: Send + Sync {
    /// What a status of a message of the channel means, with Twilio's error code.
    fn of(&self, channel: &str, status: &str, error_code: Option<i32>) -> Meaning;
}

/// In tests, every status means the same.
#[cfg(test)]
impl Meanings for Meaning {
    fn of(&self, _: &str, _: &str, _: Option<i32>) -> Meaning {
        self.clone()
    }
}

/// A status that was written, or that the attempt knew already.
pub(super) struct Reported<'a> {
    pub(super) attempt: AttemptRef,
    pub(super) phone: &'a str,
    pub(super) channel: &'a str,
    pub(super) status: &'a str,
    pub(super) error_code: Option<i32>,
    /// The status proved that the message exists, and the attempt had let go of its number or message.
    pub(super) had_let_go: bool,
}

/// What a status led to.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Followed {
    pub(super) late: Late,
    /// The code speaks of the template.
    pub(super) template: bool,
}

/// Carries out what follows from a status: what it says about the recipient, whether the attempt blocks again, and whether the
/// message may go by SMS. A repetition changes nothing more.
pub(super) async fn follow(
    tx: &mut PgConnection,
    report: &Reported<'_>,
    meanings: &dyn Meanings,
) -> Result<Followed, sqlx::Error> {
    let meaning = meanings.of(report.channel, report.status, report.error_code);
    learn(tx, report, meaning.recipient).await?;
    if report.had_let_go {
        take_back(tx, report.attempt).await?;
    }
    let mut late = Late::Nothing;
    if meaning.recipient == Recipient::Reached {
        late = fallbacks::arrived(tx, report.attempt).await?;
    } else if let Some(offer) = &meaning.fallback {
        fallbacks::offer(tx, report.attempt, offer).await?;
    }
    Ok(Followed { late, template: meaning.template })
}

/// Keeps what a status says about the recipient.
async fn learn(
    tx: &mut PgConnection,
    report: &Reported<'_>,
    recipient: Recipient,
) -> Result<(), sqlx::Error> {
    let (phone, channel) = (report.phone, report.channel);
    let door = |reason| Door { source: Source::Twilio, actor: "webhook", reason, action: None };
    match recipient {
        Recipient::Nothing => Ok(()),
        Recipient::Reached => channel_faults::clear(tx, phone, channel).await,
        Recipient::OptedOut => {
            let phones = [phone.to_owned()];
            refusals::opted_out(tx, &phones, &door("reported as opted out")).await
        }
        Recipient::Declined => {
            let Ok(channel) = channel.parse() else { return Ok(()) };
            refusals::declined(tx, phone, channel, &door("declined on the channel")).await
        }
        Recipient::Unreachable(absence) => {
            let code = report.error_code.unwrap_or_default();
            let reason = format!("error_{code:05}");
            channel_faults::note(tx, phone, channel, absence, &reason).await
        }
    }
}
