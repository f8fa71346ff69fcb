//! What became of messages, by what Twilio says of them later.

pub(crate) mod adopt;
pub(crate) mod bulk_settle;
pub(crate) mod delivery;
pub(crate) mod evidence;
pub(crate) mod meanings;
