//! Account and secret for HTTP Basic authentication.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use super::sid::{AccountSid, KeySid, SidError};

/// Why credentials cannot be used. No value is repeated.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CredentialsError {
    #[error("TWILIO_ACCOUNT_SID {0}")]
    AccountSid(SidError),
    #[error("TWILIO_API_KEY_SID {0}")]
    KeySid(SidError),
    #[error("TWILIO_AUTH_TOKEN is empty or has unusable characters; copy it again from the Twilio console")]
    Token,
    #[error(
        "TWILIO_API_KEY_SECRET is empty or has unusable characters; make a new key in the Twilio console"
    )]
    KeySecret,
}

/// The secret without the white space that copying leaves around it, a classic cause of error 20003.
fn clean(secret: &SecretString) -> Option<SecretString> {
    let text = secret.expose_secret().trim();
    let usable = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    usable.then(|| text.into())
}

/// Who calls Twilio: an account, with its token or with an API key of its own.
#[derive(Clone)]
pub(crate) struct Credentials {
    account: AccountSid,
    user: Box<str>,
    secret: SecretString,
}

impl Credentials {
    /// With the account's auth token. White space around both values is dropped.
    pub(crate) fn token(account_sid: &str, token: &SecretString) -> Result<Self, CredentialsError> {
        let account = AccountSid::parse(account_sid).map_err(CredentialsError::AccountSid)?;
        let secret = clean(token).ok_or(CredentialsError::Token)?;
        Ok(Self { user: account.as_str().into(), account, secret })
    }

    /// With an API key. White space around the values is dropped.
    pub(crate) fn api_key(
        account_sid: &str,
        key_sid: &str,
        key_secret: &SecretString,
    ) -> Result<Self, CredentialsError> {
        let account = AccountSid::parse(account_sid).map_err(CredentialsError::AccountSid)?;
        let key = KeySid::parse(key_sid).map_err(CredentialsError::KeySid)?;
        let secret = clean(key_secret).ok_or(CredentialsError::KeySecret)?;
        Ok(Self { account, user: key.as_str().into(), secret })
    }

    /// The account in the paths of requests.
    pub(crate) fn account(&self) -> &AccountSid {
        &self.account
    }

    /// The `Authorization` header, marked sensitive so that no dump shows it.
    pub(super) fn header(&self) -> HeaderValue {
        let pair = STANDARD.encode(format!("{}:{}", self.user, self.secret.expose_secret()));
        // Base64 is always a valid header value.
        let mut value =
            HeaderValue::try_from(format!("Basic {pair}")).unwrap_or_else(|_| HeaderValue::from_static(""));
        value.set_sensitive(true);
        value
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("account", &self.account.as_str())
            .field("api_key", &(self.user.as_ref() != self.account.as_str()))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str = "AC00000000000000000000000000000001";
    const KEY: &str = "SK00000000000000000000000000000002";
    const TOKEN: &str = "00000000000000000000000000000003";

    fn basic(credentials: &Credentials) -> String {
        let header = credentials.header();
        assert!(header.is_sensitive());
        let text = header.to_str().unwrap().strip_prefix("Basic ").unwrap();
        String::from_utf8(STANDARD.decode(text).unwrap()).unwrap()
    }

    #[test]
    fn a_token_authenticates_as_the_account() {
        let credentials =
            Credentials::token(&format!(" {ACCOUNT}\n"), &format!("{TOKEN}\r\n").into()).unwrap();
        assert_eq!(basic(&credentials), format!("{ACCOUNT}:{TOKEN}"));
    }

    #[test]
    fn a_key_authenticates_as_itself_and_keeps_the_account() {
        let credentials = Credentials::api_key(ACCOUNT, KEY, &" s3cret\n".into()).unwrap();
        assert_eq!(basic(&credentials), format!("{KEY}:s3cret"));
        assert_eq!(credentials.account().as_str(), ACCOUNT);
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", Credentials::api_key(ACCOUNT, KEY, &"s3cret".into()).unwrap());
        assert!(!shown.contains("s3cret") && !shown.contains(KEY), "{shown}");
    }

    #[test]
    fn faults_name_the_variable_and_what_it_must_be() {
        let errors = [
            Credentials::token("x", &TOKEN.into()).unwrap_err(),
            Credentials::token(ACCOUNT, &"not usable".into()).unwrap_err(),
            Credentials::api_key(ACCOUNT, ACCOUNT, &"s3cret".into()).unwrap_err(),
            Credentials::api_key(ACCOUNT, KEY, &" \n".into()).unwrap_err(),
        ];
        let words =
            ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_API_KEY_SID", "TWILIO_API_KEY_SECRET"];
        for (error, word) in errors.iter().zip(words) {
            let shown = error.to_string();
            assert!(shown.starts_with(word) && shown.contains("console"), "{shown}");
            assert!(!shown.contains("not usable"), "{shown}");
        }
    }
}
