//! The user that a command is about.

use shared::{cli::Failure, domain::UserId};

pub(super) fn parse(user: &str) -> Result<UserId, Failure> {
    UserId::parse(user).map_err(|why| Failure::usage(why.to_string()))
}
