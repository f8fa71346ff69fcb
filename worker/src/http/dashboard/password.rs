//! Passwords: Argon2id, off the async threads, a few at a time.

use argon2::{
    Argon2, PasswordHash, PasswordHasher, PasswordVerifier,
    password_hash::{self, SaltString, rand_core::OsRng},
};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

/// Each check takes about 19 MiB and tens of milliseconds of a core.
const AT_ONCE: usize = 2;
/// Checked for unknown names, so that the answer takes as long. No password matches it.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm9i$5oZMnmhxAxBZuWxCTeqzU6BLg3dkqkoFdRTSF6iPHGE";

/// A PHC string of `password` with a fresh salt and OWASP's parameters (Password Storage Cheat Sheet: m=19 MiB,
/// t=2, p=1).
pub(crate) fn hash(password: &SecretString) -> Result<String, password_hash::Error> {
    let salt = SaltString::generate(&mut OsRng);
    let hash = Argon2::default().hash_password(password.expose_secret().as_bytes(), &salt)?;
    Ok(hash.to_string())
}

/// Checks passwords.
pub(crate) struct Passwords(Semaphore);

impl Default for Passwords {
    fn default() -> Self {
        Self(Semaphore::new(AT_ONCE))
    }
}

impl Passwords {
    /// Whether `password` belongs to `hash`. Without a hash: no, after the same work.
    pub(crate) async fn check(&self, hash: Option<&str>, password: SecretString) -> bool {
        // Err: the semaphore is never closed.
        let Ok(_permit) = self.0.acquire().await else { return false };
        let known = hash.is_some();
        let hash = hash.unwrap_or(NOBODY).to_owned();
        let right = tokio::task::spawn_blocking(move || verify(&hash, &password)).await;
        known && right.unwrap_or(false)
    }
}

fn verify(hash: &str, password: &SecretString) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| {
        Argon2::default().verify_password(password.expose_secret().as_bytes(), &hash).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text.to_owned())
    }

    #[tokio::test]
    async fn only_the_password_of_a_known_name_is_right() {
        let hash = hash(&secret("correct horse battery")).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let passwords = Passwords::default();
        assert!(passwords.check(Some(&hash), secret("correct horse battery")).await);
        assert!(!passwords.check(Some(&hash), secret("correct horse")).await);
        assert!(!passwords.check(None, secret("correct horse battery")).await);
    }

    #[test]
    fn the_hash_of_an_unknown_name_costs_as_much_as_a_real_one() {
        let nobody = PasswordHash::new(NOBODY).unwrap();
        let real = hash(&secret("x")).unwrap();
        let real = PasswordHash::new(&real).unwrap();
        assert_eq!(nobody.params, real.params);
        assert_eq!(nobody.hash.unwrap().len(), real.hash.unwrap().len());
    }
}
