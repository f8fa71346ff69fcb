//! Made-up users.

use chrono::Utc;
use shared::{
    domain::UserId,
    events::{self, Signup},
};
use uuid::Uuid;

/// Operators' ranges of Nepal, ten million numbers each.
const RANGES: [u32; 6] = [984, 985, 986, 980, 981, 982];
const PER_RANGE: u32 = 10_000_000;

/// A valid mobile number as the user would type it; each `n` has its own.
pub(crate) fn number(n: u32) -> String {
    format!("{}{:07}", RANGES[(n / PER_RANGE) as usize % RANGES.len()], n % PER_RANGE)
}

/// The `n`th user.
pub(crate) fn user(n: u32) -> anyhow::Result<UserId> {
    Ok(UserId::parse(&n.to_string())?)
}

/// The signup of the `n`th user.
pub(crate) fn signup(n: u32) -> anyhow::Result<Signup> {
    Ok(Signup {
        language: Some("ne".into()),
        channel: Some("sms".into()),
        ..Signup::new(user(n)?, number(n))
    })
}

/// The event of that signup.
pub(crate) fn signed_up(n: u32) -> anyhow::Result<Vec<u8>> {
    Ok(events::signed_up(&Uuid::now_v7().to_string(), "/bench", Utc::now(), &signup(n)?))
}

/// The event of that signup, with a name.
pub(crate) fn signed_up_with_name(n: u32) -> anyhow::Result<Vec<u8>> {
    let signup = Signup { display_name: Some("Sita Tamang".into()), ..signup(n)? };
    Ok(events::signed_up(&Uuid::now_v7().to_string(), "/bench", Utc::now(), &signup))
}

/// The backfill event of the `n`th user.
pub(crate) fn stored(n: u32) -> anyhow::Result<Vec<u8>> {
    Ok(events::backfill(&Uuid::now_v7().to_string(), "/bench", Utc::now(), &user(n)?))
}

#[cfg(test)]
mod tests {
    use shared::phone::{Region, normalise};

    use super::*;

    #[test]
    fn every_number_is_valid_and_its_own() {
        for n in [0, 1, 9_999_999, 10_000_000, 59_999_999] {
            let read = normalise(&number(n), Region::NEPAL).unwrap();
            assert_eq!(read.e164.as_str(), format!("+977{}", number(n)));
        }
    }
}
