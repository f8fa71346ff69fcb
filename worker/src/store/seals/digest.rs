//! The digests of the ledger.
//!
//! An entry is hashed as the label `aamcare consent entry 1` and its columns in the order of [`Entry`]. A column is the
//! byte 0 if it is null; otherwise the byte 1, its length in bytes and its bytes. Text is UTF-8, a key its 16 bytes, a time
//! the microseconds since 1970 in UTC. A seal is hashed as the label `aamcare consent seal 1`, its minute, the number of its
//! entries, each entry's key and digest in the order of the keys, and the digest of the seal before, as columns are. Numbers
//! have 8 bytes, the highest first. Every digest is SHA-256.

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// A SHA-256 digest.
pub(super) type Digest = [u8; 32];

/// A row of `consent_ledger`, every column of it.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: Vec<u8>,
    pub(super) person_key: Uuid,
    pub(super) purpose: String,
    pub(super) channel: String,
    pub(super) action: String,
    pub(super) source: String,
    pub(super) actor: String,
    pub(super) wording_id: Option<String>,
    pub(super) wording_sha256: Option<Vec<u8>>,
    pub(super) said_at: DateTime<Utc>,
    pub(super) recorded_at: DateTime<Utc>,
}

impl Entry {
    pub(super) fn digest(&self) -> Digest {
        Columns::new("aamcare consent entry 1")
            .add(Some(&self.key))
            .add(Some(self.person_key.as_bytes()))
            .add(Some(self.purpose.as_bytes()))
            .add(Some(self.channel.as_bytes()))
            .add(Some(self.action.as_bytes()))
            .add(Some(self.source.as_bytes()))
            .add(Some(self.actor.as_bytes()))
            .add(self.wording_id.as_ref().map(String::as_bytes))
            .add(self.wording_sha256.as_deref())
            .time(self.said_at)
            .time(self.recorded_at)
            .digest()
    }

    /// The key and the digest, as a seal keeps them. The key of an entry has 32 bytes; another one is shown by its digest.
    pub(super) fn sealed(&self) -> [u8; 64] {
        let mut both = [0; 64];
        let key: Digest = self.key.as_slice().try_into().unwrap_or_else(|_| Sha256::digest(&self.key).into());
        both[..32].copy_from_slice(&key);
        both[32..].copy_from_slice(&self.digest());
        both
    }
}

/// The digest of a seal. `entries` are in the order of their keys.
pub(super) fn of_seal(minute: DateTime<Utc>, entries: &[[u8; 64]], previous: Option<&[u8]>) -> Digest {
    let mut seal = Columns::new("aamcare consent seal 1").time(minute);
    seal.0.update((entries.len() as u64).to_be_bytes());
    for entry in entries {
        seal.0.update(entry);
    }
    seal.add(previous).digest()
}

struct Columns(Sha256);

impl Columns {
    fn new(label: &str) -> Self {
        Self(Sha256::new()).add(Some(label.as_bytes()))
    }

    fn add(mut self, column: Option<&[u8]>) -> Self {
        match column {
            None => self.0.update([0]),
            Some(bytes) => {
                self.0.update([1]);
                self.0.update((bytes.len() as u64).to_be_bytes());
                self.0.update(bytes);
            }
        }
        self
    }

    fn time(self, at: DateTime<Utc>) -> Self {
        self.add(Some(&at.timestamp_micros().to_be_bytes()))
    }

    fn digest(self) -> Digest {
        self.0.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        Entry {
            key: vec![7; 32],
            person_key: Uuid::from_u128(1),
            purpose: "tips".into(),
            channel: "any".into(),
            action: "withdraw".into(),
            source: "staff".into(),
            actor: "maya".into(),
            wording_id: None,
            wording_sha256: None,
            said_at: DateTime::UNIX_EPOCH,
            recorded_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn every_column_changes_the_digest() {
        let changes: [fn(&mut Entry); 11] = [
            |e| e.key[0] = 8,
            |e| e.person_key = Uuid::from_u128(2),
            |e| e.purpose.push('s'),
            |e| e.channel.push('s'),
            |e| e.action.push('s'),
            |e| e.source.push('s'),
            |e| e.actor.push('s'),
            |e| e.wording_id = Some(String::new()),
            |e| e.wording_sha256 = Some(Vec::new()),
            |e| e.said_at += chrono::TimeDelta::microseconds(1),
            |e| e.recorded_at += chrono::TimeDelta::microseconds(1),
        ];
        let mut digests = vec![entry().digest()];
        for change in changes {
            let mut changed = entry();
            change(&mut changed);
            digests.push(changed.digest());
        }
        // Text that moves from one column to the next is another entry.
        digests.push(Entry { source: "staffm".into(), actor: "aya".into(), ..entry() }.digest());
        let distinct: std::collections::HashSet<_> = digests.iter().collect();
        assert_eq!(distinct.len(), digests.len());
    }

    #[test]
    fn the_digest_of_an_entry_and_of_a_seal_stay_the_same() {
        let hex = |digest: Digest| crate::store::seals::hex(&digest);
        let sealed = entry().sealed();
        assert_eq!(hex(entry().digest()), "534de36f75c89aef0dfd371e37656be5be7638b9469496f35620277588894f78");
        assert_eq!(
            hex(of_seal(DateTime::UNIX_EPOCH, &[sealed], None)),
            "37e770c86bc50fb4439d2c6b1c72e83a798547451d4c5c73a74f29c0a88633b9"
        );
    }

    #[test]
    fn a_seal_depends_on_its_minute_its_entries_and_the_seal_before() {
        let minute = DateTime::UNIX_EPOCH;
        let (one, other) = (entry().sealed(), Entry { key: vec![9; 32], ..entry() }.sealed());
        let all = [
            of_seal(minute, &[one], None),
            of_seal(minute + chrono::TimeDelta::minutes(1), &[one], None),
            of_seal(minute, &[one, other], None),
            of_seal(minute, &[one], Some(&[0; 32])),
        ];
        let distinct: std::collections::HashSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }
}
