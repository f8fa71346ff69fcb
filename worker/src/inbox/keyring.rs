//! Texts that are encrypted at rest, such as the messages that people write to us.
//!
//! The cipher is XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha): its nonce is long enough to be random.

use chacha20poly1305::{
    AeadCore as _, Key, KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, OsRng, Payload},
};
use secrecy::{ExposeSecret as _, SecretString};
use shared::secret_key::{self, InvalidKey};

use super::Incoming;

/// The first byte of a sealed text: how the rest is made.
const FORM: u8 = 1;
const ID_BYTES: usize = 4;
const NONCE_BYTES: usize = 24;

/// The keys of one purpose. The first seals, all open: a new key is put before the others, and an old one is removed once
/// nothing sealed with it is kept.
#[derive(Clone)]
pub(crate) struct Keyring {
    first: SealingKey,
    others: Vec<SealingKey>,
}

#[derive(Clone)]
struct SealingKey {
    /// Tells the keys apart, and says nothing about the key.
    id: [u8; ID_BYTES],
    cipher: XChaCha20Poly1305,
}

/// Why a sealed text stays closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Closed {
    /// It was sealed with a key that is not in the ring.
    #[error("sealed with a key that is not set any more: add the former key behind the present one")]
    UnknownKey,
    /// It was changed, cut, or belongs to another name.
    #[error("damaged: it cannot be opened with its key")]
    Damaged,
}

impl Keyring {
    /// Reads keys of 32 bytes in hex or base64, separated by commas. `purpose` separates the keys of different uses.
    pub(crate) fn parse(text: &SecretString, purpose: &str) -> Result<Self, InvalidKey> {
        let parts = text.expose_secret().split(',').map(str::trim);
        let mut keys = parts.map(|part| SealingKey::parse(&part.into(), purpose));
        let first = keys.next().ok_or(InvalidKey)??;
        Ok(Self { first, others: keys.collect::<Result<_, _>>()? })
    }

    /// Seals a text under a name, such as the id of its row. It opens under that name alone.
    ///
    /// # Errors
    /// Only for a text of more than 256 GiB.
    pub(crate) fn seal(&self, name: &str, text: &[u8]) -> Result<Vec<u8>, Closed> {
        let nonce = XChaCha20Poly1305::generate_nonce(&mut OsRng);
        let payload = Payload { msg: text, aad: name.as_bytes() };
        let sealed = self.first.cipher.encrypt(&nonce, payload).map_err(|_| Closed::Damaged)?;
        Ok([&[FORM][..], &self.first.id, &nonce, &sealed].concat())
    }

    /// Opens a text that was sealed under this name.
    ///
    /// # Errors
    /// If the key is not in the ring, or the text was changed.
    pub(crate) fn open(&self, name: &str, sealed: &[u8]) -> Result<Vec<u8>, Closed> {
        let (form, rest) = sealed.split_first().ok_or(Closed::Damaged)?;
        let (id, rest) = rest.split_at_checked(ID_BYTES).ok_or(Closed::Damaged)?;
        let (nonce, text) = rest.split_at_checked(NONCE_BYTES).ok_or(Closed::Damaged)?;
        if *form != FORM {
            return Err(Closed::Damaged);
        }
        let key = self.keys().find(|key| key.id == id).ok_or(Closed::UnknownKey)?;
        let payload = Payload { msg: text, aad: name.as_bytes() };
        key.cipher.decrypt(XNonce::from_slice(nonce), payload).map_err(|_| Closed::Damaged)
    }

    /// Seals the text of a message under its SID. None: the text is empty.
    pub(crate) fn sealed(&self, incoming: &Incoming) -> Result<Option<Vec<u8>>, Closed> {
        if incoming.body.is_empty() {
            return Ok(None);
        }
        self.seal(incoming.sid.as_str(), incoming.body.as_bytes()).map(Some)
    }

    fn keys(&self) -> impl Iterator<Item = &SealingKey> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keyring({} keys)", self.keys().count())
    }
}

impl SealingKey {
    fn parse(text: &SecretString, purpose: &str) -> Result<Self, InvalidKey> {
        let derived = |what: &str| -> Result<[u8; 32], InvalidKey> {
            secret_key::derived(text, format!("aamcare {purpose} {what}").as_bytes())
        };
        let named = derived("key id")?;
        let mut id = [0; ID_BYTES];
        id.iter_mut().zip(named).for_each(|(to, from)| *to = from);
        Ok(Self { id, cipher: XChaCha20Poly1305::new(Key::from_slice(&derived("key")?)) })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FIRST: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    const SECOND: &str = "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100";

    fn ring(keys: &str) -> Keyring {
        Keyring::parse(&keys.into(), "inbox").unwrap()
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_under_its_name_alone(name in "[A-Z0-9]{1,40}", text: Vec<u8>) {
            let ring = ring(FIRST);
            let sealed = ring.seal(&name, &text).unwrap();
            prop_assert_eq!(ring.open(&name, &sealed), Ok(text));
            prop_assert_eq!(ring.open(&format!("{name}x"), &sealed), Err(Closed::Damaged));
        }

        #[test]
        fn a_changed_text_stays_closed(at in 0_usize..60, bit in 0_u8..8) {
            let ring = ring(FIRST);
            let mut sealed = ring.seal("SM1", b"stop").unwrap();
            let at = at % sealed.len();
            sealed[at] ^= 1 << bit;
            prop_assert!(ring.open("SM1", &sealed).is_err());
        }
    }

    #[test]
    fn a_new_key_seals_and_the_former_one_still_opens() {
        let old = ring(FIRST).seal("SM1", b"stop").unwrap();
        let both = ring(&format!("{SECOND}, {FIRST}"));
        assert_eq!(both.open("SM1", &old).unwrap(), b"stop");
        let new = both.seal("SM1", b"stop").unwrap();
        assert_eq!(ring(SECOND).open("SM1", &new).unwrap(), b"stop");
        assert_eq!(ring(SECOND).open("SM1", &old), Err(Closed::UnknownKey));
        assert_eq!(ring(FIRST).open("SM1", &new), Err(Closed::UnknownKey));
    }

    #[test]
    fn a_cut_text_and_no_text_stay_closed() {
        let ring = ring(FIRST);
        let sealed = ring.seal("SM1", b"stop").unwrap();
        for end in 0..sealed.len() {
            assert!(ring.open("SM1", &sealed[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn equal_texts_are_sealed_differently() {
        let ring = ring(FIRST);
        assert_ne!(ring.seal("SM1", b"stop").unwrap(), ring.seal("SM1", b"stop").unwrap());
    }

    #[test]
    fn a_text_that_is_no_key_is_refused_and_never_shown() {
        for bad in ["", "s3cret", &FIRST[1..], &format!("{FIRST},"), &format!("{FIRST},s3cret")] {
            assert_eq!(Keyring::parse(&bad.into(), "inbox").unwrap_err(), InvalidKey, "{bad}");
        }
        assert_eq!(format!("{:?}", ring(FIRST)), "Keyring(1 keys)");
    }
}
