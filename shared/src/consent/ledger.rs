//! The ledger: every consent that was given or withdrawn. Entries are never changed and never deleted.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    domain::{BoundedText, Consent, ConsentAction, ConsentChannel, Purpose},
    events_out,
};

/// Where an entry came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// The consents of a signup event.
    Signup,
    /// Another event of the portal.
    Event,
    /// The page that stops messages.
    Link,
    /// A command or the dashboard.
    Staff,
    /// A file.
    Import,
    /// A message that the person sent.
    Inbound,
    /// Twilio, which refused the number as opted out.
    Twilio,
}

impl Source {
    /// Every source.
    pub const ALL: [Self; 7] =
        [Self::Signup, Self::Event, Self::Link, Self::Staff, Self::Import, Self::Inbound, Self::Twilio];

    /// The name in the ledger, in views and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Signup => "signup",
            Self::Event => "event",
            Self::Link => "link",
            Self::Staff => "staff",
            Self::Import => "import",
            Self::Inbound => "inbound",
            Self::Twilio => "twilio",
        }
    }
}

/// What makes an entry the same as one that was added before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryKey([u8; 32]);

impl EntryKey {
    /// The entry at a position of an event: a redelivery of the event adds nothing.
    pub fn of_event(event_id: &str, position: usize) -> Self {
        // Only the digest is kept: a publisher may put anything into the id.
        let mut digest = Sha256::new();
        digest.update((event_id.len() as u64).to_be_bytes());
        digest.update(event_id.as_bytes());
        digest.update((position as u64).to_be_bytes());
        Self(digest.finalize().into())
    }

    /// The entry of a person in data of a time: the same data again add nothing. `door` is `consent` or the door that
    /// the entry belongs to. The digest holds no user id and no number, so erasure leaves it anonymous.
    pub(super) fn of_import(
        person_key: Uuid,
        door: &str,
        (purpose, channel): (Purpose, ConsentChannel),
        at: DateTime<Utc>,
    ) -> Self {
        let mut digest = Sha256::new();
        digest.update(b"import\n");
        digest.update(person_key.as_bytes());
        digest.update(at.timestamp_micros().to_be_bytes());
        for word in [door, purpose.as_str(), channel.as_str()] {
            digest.update(word);
            digest.update(b"\n");
        }
        Self(digest.finalize().into())
    }

    /// The entry of another purpose that follows from an entry.
    fn of_purpose(&self, purpose: Purpose) -> Self {
        let mut digest = Sha256::new();
        digest.update(self.0);
        digest.update(purpose.as_str());
        Self(digest.finalize().into())
    }

    /// An entry unlike any other.
    pub fn random() -> Self {
        let mut key = [0; 32];
        key[..16].copy_from_slice(Uuid::now_v7().as_bytes());
        key[16..].copy_from_slice(Uuid::now_v7().as_bytes());
        Self(key)
    }
}

/// An entry to add.
#[derive(Debug, Clone)]
pub struct NewEntry {
    /// Its identity.
    pub key: EntryKey,
    /// What the person said. Without a time it was said now, and a time in the future counts as now.
    pub consent: Consent,
}

impl NewEntry {
    /// Whether it grants the welcome on some channel.
    pub(super) fn allows_welcome(&self) -> bool {
        self.consent.purpose == Purpose::Onboarding && self.consent.action == ConsentAction::Grant
    }

    /// An entry of now for every purpose, on one channel.
    pub(super) fn of_channel(channel: ConsentChannel, action: ConsentAction) -> Vec<Self> {
        let entry =
            |purpose| Self { key: EntryKey::random(), consent: Consent::new(purpose, channel, action) };
        Purpose::ALL.into_iter().map(entry).collect()
    }

    /// An entry of now for every purpose that `purposes` names, on every channel.
    pub(super) fn of_all(purposes: &[Purpose], action: ConsentAction) -> Vec<Self> {
        let entry = |purpose: &Purpose| Self {
            key: EntryKey::random(),
            consent: Consent::new(*purpose, ConsentChannel::Any, action),
        };
        purposes.iter().map(entry).collect()
    }
}

/// Adds the entries that follow from these: withdrawing the welcome on every channel stops all messages.
pub(super) fn with_whole_stops(entries: &[NewEntry]) -> Vec<NewEntry> {
    let mut all = entries.to_vec();
    for entry in entries {
        let Consent { purpose, channel, action, .. } = &entry.consent;
        if (*purpose, *channel, *action)
            != (Purpose::Onboarding, ConsentChannel::Any, ConsentAction::Withdraw)
        {
            continue;
        }
        for purpose in Purpose::ALL {
            let said = |other: &NewEntry| {
                let other = &other.consent;
                (other.purpose, other.channel, other.action)
                    == (purpose, ConsentChannel::Any, ConsentAction::Withdraw)
            };
            if !all.iter().any(said) {
                let consent = Consent { purpose, ..entry.consent.clone() };
                all.push(NewEntry { key: entry.key.of_purpose(purpose), consent });
            }
        }
    }
    all
}

/// Adds entries of one person. Those that were added before change nothing. Returns what the new ones say.
pub(super) async fn add(
    tx: &mut PgConnection,
    person_key: Uuid,
    source: Source,
    actor: &str,
    entries: &[NewEntry],
) -> Result<Vec<(Purpose, ConsentAction)>, sqlx::Error> {
    let wordings: Vec<&str> =
        entries.iter().filter_map(|e| e.consent.wording.as_ref().map(BoundedText::as_str)).collect();
    if !wordings.is_empty() {
        sqlx::query!(
            "INSERT INTO consent_wordings (sha256, wording)
             SELECT DISTINCT sha256(convert_to(w, 'UTF8')), w FROM unnest($1::text[]) w
             ON CONFLICT DO NOTHING",
            &wordings as &[&str],
        )
        .execute(&mut *tx)
        .await?;
    }
    let keys: Vec<&[u8]> = entries.iter().map(|e| &e.key.0[..]).collect();
    let purposes: Vec<&str> = entries.iter().map(|e| e.consent.purpose.as_str()).collect();
    let channels: Vec<&str> = entries.iter().map(|e| e.consent.channel.as_str()).collect();
    let actions: Vec<&str> = entries.iter().map(|e| e.consent.action.as_str()).collect();
    let ids: Vec<Option<&str>> =
        entries.iter().map(|e| e.consent.wording_id.as_ref().map(BoundedText::as_str)).collect();
    let texts: Vec<Option<&str>> =
        entries.iter().map(|e| e.consent.wording.as_ref().map(BoundedText::as_str)).collect();
    let said: Vec<Option<DateTime<Utc>>> = entries.iter().map(|e| e.consent.at).collect();
    let added = sqlx::query_scalar!(
        "INSERT INTO consent_ledger (entry_key, person_key, purpose, channel, action, source, actor, wording_id,
                                     wording_sha256, said_at)
         SELECT i.key, $2, i.purpose, i.channel, i.action, $3, $4, i.wording_id, sha256(convert_to(i.wording, 'UTF8')),
                LEAST(coalesce(i.said_at, now()), now())
         FROM unnest($1::bytea[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::timestamptz[])
              AS i(key, purpose, channel, action, wording_id, wording, said_at)
         ON CONFLICT DO NOTHING RETURNING entry_key",
        &keys as &[&[u8]],
        person_key,
        source.as_str(),
        actor,
        &purposes as &[&str],
        &channels as &[&str],
        &actions as &[&str],
        &ids as &[Option<&str>],
        &texts as &[Option<&str>],
        &said as &[Option<DateTime<Utc>>],
    )
    .fetch_all(&mut *tx)
    .await?;
    let new = || entries.iter().filter(|entry| added.iter().any(|key| key[..] == entry.key.0));
    let announced: Vec<Vec<u8>> = new()
        .filter(|entry| is_announced(entry, entries, source))
        .map(|entry| entry.key.0.to_vec())
        .collect();
    events_out::consents_recorded(tx, &announced).await?;
    Ok(new().map(|entry| (entry.consent.purpose, entry.consent.action)).collect())
}

/// Whether the portal hears of an entry. A stop withdraws support after a loss as well, and a loss does not: without that
/// entry both look the same to the portal.
fn is_announced(entry: &NewEntry, all: &[NewEntry], source: Source) -> bool {
    let goes_with = |other: &NewEntry| {
        other.consent.purpose == Purpose::Onboarding && other.consent.action == entry.consent.action
    };
    entry.consent.purpose != Purpose::SupportAfterLoss
        || source == Source::Signup
        || !all.iter().any(goes_with)
}

/// What decides at a time, of a number or of a user without one.
pub(super) struct TrueNow(pub(super) Vec<(String, String, String)>);

impl TrueNow {
    /// Whether it says the same as `consent` on every channel of it.
    pub(super) fn includes(&self, consent: &Consent) -> bool {
        let is_so = |channel: &str| {
            self.0.iter().any(|(purpose, of, action)| {
                purpose == consent.purpose.as_str() && of == channel && action == consent.action.as_str()
            })
        };
        match consent.channel {
            ConsentChannel::Any => is_so("sms") && is_so("whatsapp"),
            one => is_so(one.as_str()),
        }
    }
}

/// Reads what decides now.
pub(super) async fn true_now(
    tx: &mut PgConnection,
    user_id: Option<&str>,
    phone: Option<&str>,
) -> Result<TrueNow, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT purpose AS "purpose!", channel AS "channel!", action AS "action!"
           FROM newest_consents(ARRAY(SELECT person_key FROM person_keys
                                      WHERE phone_e164 = $1 OR $1 IS NULL AND user_id = $2))"#,
        phone,
        user_id,
    )
    .fetch_all(tx)
    .await?;
    Ok(TrueNow(rows.into_iter().map(|row| (row.purpose, row.channel, row.action)).collect()))
}

/// Those of the entries that the ledger does not have yet.
pub(super) async fn unknown(
    tx: &mut PgConnection,
    entries: Vec<NewEntry>,
) -> Result<Vec<NewEntry>, sqlx::Error> {
    let keys: Vec<&[u8]> = entries.iter().map(|entry| &entry.key.0[..]).collect();
    let known = sqlx::query_scalar!(
        "SELECT entry_key FROM consent_ledger WHERE entry_key = ANY($1)",
        &keys as &[&[u8]]
    )
    .fetch_all(tx)
    .await?;
    Ok(entries.into_iter().filter(|entry| !known.iter().any(|key| key[..] == entry.key.0)).collect())
}

/// The purposes and channels of a number that were granted before they were withdrawn last. Entries of one time, as those of the
/// users of one number, count as one.
pub(super) async fn granted_before(tx: &mut PgConnection, phone: &str) -> Result<Vec<NewEntry>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"WITH said AS (
               SELECT l.purpose, c.channel, l.action, dense_rank() OVER (
                          PARTITION BY l.purpose, c.channel ORDER BY l.said_at DESC) AS place
               FROM consent_ledger l JOIN (VALUES ('sms'), ('whatsapp')) c(channel) ON l.channel IN (c.channel, 'any')
               WHERE l.person_key IN (SELECT person_key FROM person_keys WHERE phone_e164 = $1)
           )
           SELECT purpose AS "purpose!", channel AS "channel!" FROM said WHERE place <= 2
           GROUP BY purpose, channel
           HAVING bool_or(action = 'withdraw') FILTER (WHERE place = 1)
              AND bool_and(action = 'grant') FILTER (WHERE place = 2)"#,
        phone,
    )
    .fetch_all(tx)
    .await?;
    let entry = |purpose: &str, channel: &str| {
        let consent = Consent::new(purpose.parse().ok()?, channel.parse().ok()?, ConsentAction::Grant);
        Some(NewEntry { key: EntryKey::random(), consent })
    };
    Ok(rows.iter().filter_map(|row| entry(&row.purpose, &row.channel)).collect())
}

/// The decision about one purpose on one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// As in [`Purpose`].
    pub purpose: String,
    /// `sms` or `whatsapp`.
    pub channel: String,
    /// Whether the person agrees.
    pub granted: bool,
    /// When the entry that decides was stored.
    pub since: DateTime<Utc>,
    /// Where it came from, as in [`Source`].
    pub source: String,
}

/// The decisions of a user, by purpose and channel.
pub async fn effective(pool: &sqlx::PgPool, user_id: &str) -> Result<Vec<Effective>, sqlx::Error> {
    sqlx::query_as!(
        Effective,
        r#"SELECT purpose AS "purpose!", channel AS "channel!", granted AS "granted!", since AS "since!",
                  source AS "source!"
           FROM consent_effective WHERE user_id = $1 ORDER BY purpose, channel"#,
        user_id,
    )
    .fetch_all(pool)
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_an_entry_is_that_of_its_place_in_its_event() {
        let key = EntryKey::of_event;
        assert_eq!(key("a", 1), key("a", 1));
        assert_ne!(key("a", 1), key("a", 2));
        assert_ne!(key("a", 1), key("b", 1));
        assert_ne!(EntryKey::random(), EntryKey::random());
    }

    #[test]
    fn the_key_of_imported_data_is_that_of_its_person_its_time_and_what_it_says() {
        let (person, at) = (Uuid::from_u128(1), DateTime::UNIX_EPOCH);
        let said = (Purpose::Tips, ConsentChannel::Sms);
        let key = EntryKey::of_import(person, "consent", said, at);
        assert_eq!(key, EntryKey::of_import(person, "consent", said, at));
        let others = [
            EntryKey::of_import(Uuid::from_u128(2), "consent", said, at),
            EntryKey::of_import(person, "stop", said, at),
            EntryKey::of_import(person, "consent", (Purpose::Tips, ConsentChannel::Any), at),
            EntryKey::of_import(person, "consent", (Purpose::Onboarding, ConsentChannel::Sms), at),
            EntryKey::of_import(person, "consent", said, at + chrono::TimeDelta::microseconds(1)),
        ];
        assert!(!others.contains(&key), "{others:?}");
    }
}
