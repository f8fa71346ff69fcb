//! Made-up users.

use std::ops::Range;

use support::{EventBody, number};

/// `u<n>` for each number, each with its own phone.
pub(crate) fn signups(range: Range<u32>) -> Vec<EventBody> {
    range.map(|n| EventBody::signup(&format!("u{n}"), &number(n))).collect()
}
