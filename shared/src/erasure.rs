//! The traces of an erased person: keyed digests of the user id and the number. Without the key they identify no person.

use std::fmt;

use hmac::{Hmac, Mac as _};
use secrecy::SecretString;
use sha2::Sha256;
use sqlx::{PgExecutor, PgPool};

use crate::{
    config::{Env, settings},
    db::sqlstate,
    domain::UserId,
    secret_key::{self, InvalidKey},
};

const NUMBER: &[u8] = b"erased-phone v1\n";
const USER: &[u8] = b"erased-user v1\n";
const FINGERPRINT: &[u8] = b"erasure-key v1\n";

/// A keyed digest.
pub type Digest = [u8; 32];

/// The key of the digests. `Debug` does not show it.
#[derive(Clone)]
pub struct ErasureKey {
    number: Hmac<Sha256>,
    user: Hmac<Sha256>,
    fingerprint: Digest,
}

impl ErasureKey {
    /// Reads 32 bytes in hex or base64, with or without padding.
    ///
    /// # Errors
    /// [`InvalidKey`], which does not quote the text.
    pub fn parse(text: &SecretString) -> Result<Self, InvalidKey> {
        Ok(Self {
            number: secret_key::mac(text, NUMBER)?,
            user: secret_key::mac(text, USER)?,
            fingerprint: secret_key::mac(text, FINGERPRINT)?.finalize().into_bytes().into(),
        })
    }

    /// Reads `ERASURE_KEY`. None if it is not set, or after a fault.
    pub fn read(env: &mut Env) -> Option<Self> {
        let text = env.secret(&settings::ERASURE_KEY)?;
        Self::parse(&text).map_err(|why| env.fault(settings::ERASURE_KEY.name, why)).ok()
    }

    /// The digest of a number in E.164.
    pub fn number(&self, e164: &str) -> Digest {
        self.number.clone().chain_update(e164).finalize().into_bytes().into()
    }

    /// The digest of a user id.
    pub fn user(&self, user: &UserId) -> Digest {
        self.user.clone().chain_update(user.as_str()).finalize().into_bytes().into()
    }
}

/// Does not show the key.
impl fmt::Debug for ErasureKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErasureKey").finish_non_exhaustive()
    }
}

/// The key does not fit the digests of the database.
#[derive(Debug, thiserror::Error)]
pub enum WrongKey {
    /// People were erased, and no key is set.
    #[error(
        "ERASURE_KEY is not set, but people were erased with one: set the same key (or ERASURE_KEY_FILE)"
    )]
    Missing,
    /// People were erased with another key.
    #[error(
        "ERASURE_KEY is not the key that people were erased with: set that one again, without it erased people would be welcomed twice"
    )]
    Another,
    /// The database did not answer. Worth another try.
    #[error("Postgres cannot be asked about ERASURE_KEY: {}", sqlstate(.0))]
    Database(#[from] sqlx::Error),
}

/// Whether `key` made the digests of the database. Without digests every key fits, and none is needed.
///
/// # Errors
/// [`WrongKey`]; all but `Database` need a person.
pub async fn check_key<'e>(database: impl PgExecutor<'e>, key: Option<&ErasureKey>) -> Result<(), WrongKey> {
    let stored = sqlx::query_scalar!("SELECT fingerprint FROM erasure_key").fetch_optional(database).await?;
    match (stored, key) {
        (None, _) => Ok(()),
        (Some(_), None) => Err(WrongKey::Missing),
        (Some(stored), Some(key)) if stored == key.fingerprint => Ok(()),
        (Some(_), Some(_)) => Err(WrongKey::Another),
    }
}

/// Enters the key as the one of all digests, unless there is one already.
///
/// # Errors
/// [`WrongKey`], also if another key was entered before.
pub async fn adopt_key(pool: &PgPool, key: &ErasureKey) -> Result<(), WrongKey> {
    sqlx::query!(
        "INSERT INTO erasure_key (fingerprint) VALUES ($1) ON CONFLICT DO NOTHING",
        &key.fingerprint[..]
    )
    .execute(pool)
    .await?;
    check_key(pool, Some(key)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(last: &str) -> ErasureKey {
        let text = format!("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e{last}");
        ErasureKey::parse(&SecretString::from(text)).unwrap()
    }

    fn hex(digest: &Digest) -> String {
        digest.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    }

    /// Computed with Python: hmac.new(bytes(range(32)), b"erased-phone v1\n+977…", "sha256").hexdigest()
    #[test]
    fn the_digest_of_a_number_is_the_published_one() {
        assert_eq!(
            hex(&key("1f").number("+9779841234567")),
            "9d7f4c39c2eb158655e0090f38cf367af935386ef2f5cb85047ea9845abafeba"
        );
    }

    #[test]
    fn digests_depend_on_the_key_and_on_what_they_are_of() {
        let user = UserId::parse("+9779841234567").unwrap();
        assert_ne!(key("1f").number("+9779841234567"), key("1e").number("+9779841234567"));
        assert_ne!(key("1f").number("+9779841234567"), key("1f").user(&user));
        assert_ne!(key("1f").fingerprint, key("1e").fingerprint);
    }

    #[test]
    fn neither_a_key_nor_a_bad_text_is_shown() {
        assert_eq!(format!("{:?}", key("1f")), "ErasureKey { .. }");
        let error = ErasureKey::parse(&SecretString::from("s3cret".to_owned())).unwrap_err().to_string();
        assert!(error.contains("32 bytes") && !error.contains("s3cret"), "{error}");
    }
}
