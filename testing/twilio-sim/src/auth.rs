//! Who may call: Basic auth, and the account in the path.

use std::collections::HashMap;
use std::sync::RwLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::api_error::ApiError;
use crate::options::{ApiKey, Options};

/// What a credential is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Identity {
    /// Account SID and Auth Token.
    Account,
    /// A Standard API key: everything but the account resource.
    Key,
    /// Test credentials: only creating, without effect.
    Test,
}

/// The credentials in force; they can change while the server runs.
#[derive(Debug)]
pub(crate) struct Auth {
    account_sid: String,
    keys: Vec<ApiKey>,
    test: Option<ApiKey>,
    current: RwLock<Current>,
}

#[derive(Debug)]
struct Current {
    token: String,
    revoked: bool,
    /// Whole header values, so that checking one is a look-up.
    headers: HashMap<String, Identity>,
}

impl Auth {
    pub(crate) fn new(options: &Options) -> Self {
        let auth = Self {
            account_sid: options.account_sid.clone(),
            keys: options.api_keys.clone(),
            test: options.test_credentials.clone(),
            current: RwLock::new(Current { token: String::new(), revoked: false, headers: HashMap::new() }),
        };
        auth.set_token(&options.auth_token);
        auth
    }

    /// Replaces the Auth Token; the old one is refused from now on. Lifts a revocation.
    pub(crate) fn set_token(&self, token: &str) {
        let mut headers = HashMap::new();
        headers.insert(basic(&self.account_sid, token), Identity::Account);
        for key in &self.keys {
            headers.insert(basic(&key.sid, &key.secret), Identity::Key);
        }
        if let Some(test) = &self.test {
            headers.insert(basic(&test.sid, &test.secret), Identity::Test);
        }
        *self.write() = Current { token: token.to_owned(), revoked: false, headers };
    }

    /// Refuses every credential with 20003, or stops doing so.
    pub(crate) fn set_revoked(&self, revoked: bool) {
        self.write().revoked = revoked;
    }

    /// The token that signs callbacks.
    pub(crate) fn token(&self) -> String {
        self.read().token.clone()
    }

    /// The identity that sent this `Authorization` header; error 20003 if it is not known.
    pub(crate) fn identify(&self, header: Option<&[u8]>) -> Result<Identity, ApiError> {
        let current = self.read();
        header
            .filter(|_| !current.revoked)
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .and_then(|text| current.headers.get(text).copied())
            .ok_or_else(|| ApiError::of(20003))
    }

    /// Whether the account in the path is the credential's own.
    pub(crate) fn owns(&self, identity: Identity, account: &str) -> bool {
        match identity {
            Identity::Account | Identity::Key => account == self.account_sid,
            Identity::Test => self.test.as_ref().is_some_and(|test| test.sid == account),
        }
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Current> {
        self.current.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Current> {
        self.current.write().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auth() -> Auth {
        Auth::new(&Options {
            account_sid: "AC1".to_owned(),
            auth_token: "token".to_owned(),
            api_keys: vec![ApiKey { sid: "SK1".to_owned(), secret: "secret".to_owned() }],
            test_credentials: Some(ApiKey { sid: "AC2".to_owned(), secret: "test".to_owned() }),
            ..Options::default()
        })
    }

    fn who(auth: &Auth, user: &str, password: &str) -> Option<Identity> {
        auth.identify(Some(basic(user, password).as_bytes())).ok()
    }

    #[test]
    fn known_credentials() {
        let auth = auth();
        assert_eq!(who(&auth, "AC1", "token"), Some(Identity::Account));
        assert_eq!(who(&auth, "SK1", "secret"), Some(Identity::Key));
        assert_eq!(who(&auth, "AC2", "test"), Some(Identity::Test));
        assert!(auth.owns(Identity::Key, "AC1") && auth.owns(Identity::Test, "AC2"));
        assert!(!auth.owns(Identity::Account, "AC2") && !auth.owns(Identity::Test, "AC1"));
    }

    #[test]
    fn unknown_credentials() {
        let auth = auth();
        assert_eq!(who(&auth, "AC1", "token\n"), None);
        assert_eq!(who(&auth, "AC2", "token"), None);
        assert_eq!(auth.identify(None).unwrap_err().code, 20003);
        assert_eq!(auth.identify(Some(&[0xff])).unwrap_err().status, 401);
    }

    #[test]
    fn rotation_and_revocation() {
        let auth = auth();
        auth.set_revoked(true);
        assert_eq!((who(&auth, "AC1", "token"), who(&auth, "SK1", "secret")), (None, None));
        auth.set_token("next");
        assert_eq!((who(&auth, "AC1", "token"), who(&auth, "AC1", "next")), (None, Some(Identity::Account)));
        assert_eq!(auth.token(), "next");
    }
}
