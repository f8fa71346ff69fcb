//! What Twilio's list of messages says about an attempt whose outcome is unknown.

use std::collections::HashSet;

use sha2::{Digest, Sha256};
use sqlx::PgPool;

use crate::{
    channels::{Channel, Channels},
    store::unknown::{self, Adoption, UnknownAttempt},
    twilio::{Client, Listing, MessageRecord, Pace, ReadFault},
};

/// Pages of 50 messages; a number gets few messages from us.
const PAGES: usize = 4;
/// A message may seem older than its claim by this much of clock difference.
const CLOCK_SLACK: chrono::Duration = chrono::Duration::seconds(60);

/// A message comes into being no later than this after its claim: no call takes longer than its lease.
const LONGEST_CALL: chrono::Duration = chrono::Duration::minutes(10);

/// What the list says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// One message can be this attempt's, and no other.
    Found(Adoption),
    /// More than one message can be this attempt's.
    Several,
    /// The number got a message since the claim, but with another text or from another sender.
    Other,
    /// The number got no message since the claim. Twilio's list lags behind, so this proves nothing about a young claim.
    Absent,
    /// The read part of the list did not reach its end.
    Incomplete,
}

/// Why the evidence is missing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoEvidence {
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Twilio(#[from] ReadFault),
}

/// Asks Twilio for the messages to the attempt's number. Messages that belong to other attempts do not count.
pub(crate) async fn gather(
    pool: &PgPool,
    client: &Client,
    channels: &Channels,
    unknown_attempt: &UnknownAttempt,
    pace: &Pace,
) -> Result<Evidence, NoEvidence> {
    // A worker without the attempt's channel knows no sender of it.
    let Some(channel) = channels.find(&unknown_attempt.channel) else { return Ok(Evidence::Incomplete) };
    let since = unknown_attempt.claimed_at - CLOCK_SLACK;
    let listing =
        client.list_messages_to(&channel.address(&unknown_attempt.phone_e164), since, PAGES, pace).await?;
    let sids: Vec<String> =
        listing.messages.iter().filter_map(|m| m.sid.as_ref().map(ToString::to_string)).collect();
    let taken = unknown::taken_sids(pool, &unknown_attempt.phone_e164, &sids).await?;
    Ok(weigh(listing, &taken, |record| is_ours(record, unknown_attempt, channel)))
}

fn weigh(listing: Listing, taken: &[String], is_ours: impl Fn(&MessageRecord) -> bool) -> Evidence {
    let is_taken = |r: &MessageRecord| r.sid.as_ref().is_some_and(|s| taken.iter().any(|t| t == s.as_str()));
    // While pages are read, a new message moves the others: the same one may be listed twice.
    let mut seen = HashSet::new();
    let free = listing
        .messages
        .into_iter()
        .filter(|r| !is_taken(r) && r.sid.as_ref().is_none_or(|sid| seen.insert(sid.to_string())));
    let (mut ours, mut others) = (Vec::new(), false);
    for record in free {
        match &record.sid {
            Some(sid) if is_ours(&record) => ours.push(Adoption::new(sid, &record)),
            _ => others = true,
        }
    }
    match (ours.pop(), ours.is_empty()) {
        (Some(_), false) => Evidence::Several,
        _ if !listing.complete => Evidence::Incomplete,
        (Some(message), true) => Evidence::Found(message),
        (None, _) if others => Evidence::Other,
        (None, _) => Evidence::Absent,
    }
}

/// Same sender, and the same text. The text of a template is Twilio's: instead, the message came into being with the claim.
/// If two did, a person must decide.
fn is_ours(record: &MessageRecord, unknown_attempt: &UnknownAttempt, channel: &dyn Channel) -> bool {
    let Some(created) = record.date_created else { return false };
    let same = match &unknown_attempt.text_sha256 {
        Some(sha256) => record.body.as_ref().is_some_and(|b| Sha256::digest(b).as_slice() == sha256),
        None => created <= unknown_attempt.claimed_at + LONGEST_CALL,
    };
    same && channel.is_ours(record)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twilio::MessageSid;

    fn record(n: u8, body: &str) -> MessageRecord {
        MessageRecord {
            sid: MessageSid::parse(&format!("SM{n:032x}")).ok(),
            to: None,
            from: None,
            direction: None,
            messaging_service_sid: None,
            body: Some(body.to_owned()),
            status: None,
            error_code: None,
            segments: None,
            media: None,
            date_created: None,
        }
    }

    fn listing(messages: Vec<MessageRecord>, complete: bool) -> Listing {
        Listing { messages, complete }
    }

    fn ours(record: &MessageRecord) -> bool {
        record.body.as_deref() == Some("ours")
    }

    #[test]
    fn only_one_free_message_of_a_complete_list_is_found() {
        let (first, second, other) = (record(1, "ours"), record(2, "ours"), record(3, "other"));
        let both = vec![first.clone(), second.clone(), other.clone()];
        let taken = [first.sid.as_ref().unwrap().to_string()];
        let found = Evidence::Found(Adoption::new(second.sid.as_ref().unwrap(), &second));
        assert_eq!(weigh(listing(both.clone(), true), &[], ours), Evidence::Several);
        assert_eq!(weigh(listing(both.clone(), false), &[], ours), Evidence::Several);
        assert_eq!(weigh(listing(both.clone(), false), &taken, ours), Evidence::Incomplete);
        assert_eq!(weigh(listing(both, true), &taken, ours), found);
        let twice = vec![second.clone(), second];
        assert_eq!(weigh(listing(twice, true), &[], ours), found);
        assert_eq!(weigh(listing(vec![other, first], true), &taken, ours), Evidence::Other);
    }

    #[test]
    fn absent_needs_a_complete_list_without_a_free_message() {
        let first = record(1, "ours");
        let taken = [first.sid.as_ref().unwrap().to_string()];
        assert_eq!(weigh(listing(vec![first], true), &taken, ours), Evidence::Absent);
        assert_eq!(weigh(listing(vec![], true), &[], ours), Evidence::Absent);
        assert_eq!(weigh(listing(vec![], false), &[], ours), Evidence::Incomplete);
        let nameless = MessageRecord { sid: None, ..record(9, "ours") };
        assert_eq!(weigh(listing(vec![nameless], true), &[], ours), Evidence::Other);
    }
}
