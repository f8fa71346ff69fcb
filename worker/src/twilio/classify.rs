//! From an answer to its class: the table first, then fallbacks that hold for codes not yet known.

use std::time::Duration;

use super::class::{Absence, Class, FaultScope};
use super::codes::class_of;

/// A 429 without a code comes from something before Twilio's API; give it more time.
const PLAIN_429_DELAY: Duration = Duration::from_secs(5);

/// Class of an answer to a create call that is not 2xx.
///
/// A 5xx is always `Unknown`, whatever its code: Twilio's page on 20500 says a repeated POST may deliver twice.
/// So are a redirect and a 408 without a code, which some proxy wrote about a request that may have gone on.
pub(crate) fn classify_create(status: u16, code: Option<u32>) -> Class {
    let known = code.and_then(class_of);
    match status {
        401 | 403 => match known {
            Some(class @ (Class::Account { .. } | Class::DailyCap)) => class,
            _ => Class::Account { scope: FaultScope::Account },
        },
        408 if code.is_none() => Class::Unknown,
        400..=499 => known.map_or_else(|| refused_without_class(status, code), create_only),
        _ => Class::Unknown,
    }
}

fn refused_without_class(status: u16, code: Option<u32>) -> Class {
    match (status, code) {
        (429, Some(_)) => Class::Throttled { min_delay: Duration::ZERO },
        (429, None) => Class::Throttled { min_delay: PLAIN_429_DELAY },
        _ => Class::Content,
    }
}

/// Classes without a meaning for a create call end it as permanently refused.
fn create_only(class: Class) -> Class {
    match class {
        Class::AlreadyDone | Class::LogOnly | Class::SkipLookup => Class::Content,
        other => other,
    }
}

/// Class of the error code in a status callback or a fetched message: the message exists and has failed.
///
/// Never `Unknown`, and no class here is a reason to create another message.
pub(crate) fn classify_status(code: u32) -> Class {
    match class_of(code) {
        Some(Class::Unknown) => Class::Temporary,
        Some(class) => class,
        // A code of WhatsApp that is not listed concerns this person for this day.
        None if is_unlisted_channel_code(code) => Class::Unreachable(Absence::ONE_DAY),
        None => Class::Content,
    }
}

/// Whether the code is one of WhatsApp's that the table does not know. 63000 to 63999 are those of channels.
pub(crate) fn is_unlisted_channel_code(code: u32) -> bool {
    (63_000..64_000).contains(&code) && class_of(code).is_none()
}

#[cfg(test)]
mod tests;
