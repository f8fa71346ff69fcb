//! Lookup v2 without packages: free, and says only whether the number is valid in its numbering plan.

use std::time::Duration;

use serde::Deserialize;

use super::answer::parse_object;
use super::client::Client;
use super::fault::ReadFault;
use super::loose::Loose;
use super::meter::Operation;

/// What Lookup says about a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LookupOutcome {
    Valid,
    /// Valid nowhere; each reason once, as far as it is one Twilio documents.
    Invalid {
        errors: Vec<LookupError>,
    },
    /// No reliable answer: continue without it. `fault.is_account()` says whether sending would fail too.
    Unavailable {
        fault: ReadFault,
    },
}

/// Twilio's reasons why a number is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LookupError {
    TooShort,
    TooLong,
    InvalidButPossible,
    InvalidCountryCode,
    InvalidLength,
    NotANumber,
    Other,
}

impl LookupError {
    fn parse(word: &str) -> Self {
        match word {
            "TOO_SHORT" => Self::TooShort,
            "TOO_LONG" => Self::TooLong,
            "INVALID_BUT_POSSIBLE" => Self::InvalidButPossible,
            "INVALID_COUNTRY_CODE" => Self::InvalidCountryCode,
            "INVALID_LENGTH" => Self::InvalidLength,
            "NOT_A_NUMBER" => Self::NotANumber,
            _ => Self::Other,
        }
    }
}

#[derive(Deserialize)]
struct Looked<'a> {
    valid: bool,
    #[serde(borrow, default)]
    validation_errors: Option<Vec<Loose<'a>>>,
}

impl Client {
    /// Asks whether the number, in E.164, is valid. An invalid number is an answer, not a fault.
    pub(crate) async fn lookup(
        &self,
        e164: &str,
        traceparent: Option<&str>,
        limit: Duration,
    ) -> LookupOutcome {
        let url = self.endpoints.phone_number(e164);
        match self.read_within(Operation::Lookup, url, traceparent, Some(limit)).await {
            Ok(body) => outcome(&body),
            Err(fault) => LookupOutcome::Unavailable { fault },
        }
    }
}

fn outcome(body: &[u8]) -> LookupOutcome {
    match parse_object::<Looked<'_>>(body) {
        Some(Looked { valid: true, .. }) => LookupOutcome::Valid,
        Some(Looked { validation_errors, .. }) => LookupOutcome::Invalid {
            errors: validation_errors
                .iter()
                .flatten()
                .filter_map(|word| word.as_str().map(LookupError::parse))
                .collect(),
        },
        None => LookupOutcome::Unavailable { fault: ReadFault::Unreadable },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn validity_and_reasons_are_read() {
        use LookupError::{InvalidButPossible, Other, TooShort};
        for (body, errors) in [
            (r#"{"valid":false,"validation_errors":["TOO_SHORT"],"phone_number":"+1"}"#, vec![TooShort]),
            (
                r#"{"valid":false,"validation_errors":["INVALID_BUT_POSSIBLE","NEW"]}"#,
                vec![InvalidButPossible, Other],
            ),
            (r#"{"valid":false,"validation_errors":null}"#, vec![]),
            (r#"{"valid":false}"#, vec![]),
        ] {
            assert_eq!(outcome(body.as_bytes()), LookupOutcome::Invalid { errors }, "{body}");
        }
        assert_eq!(outcome(br#"{"valid":true,"validation_errors":[]}"#), LookupOutcome::Valid);
    }

    #[test]
    fn an_answer_without_validity_is_no_answer() {
        for body in [r#"{"valid":null}"#, r#"{"valid":"yes"}"#, "{}", "[]", "<html>", ""] {
            assert_eq!(
                outcome(body.as_bytes()),
                LookupOutcome::Unavailable { fault: ReadFault::Unreadable },
                "{body}"
            );
        }
    }
}
