//! How many people WhatsApp may write to.

use super::{Env, settings};
use crate::domain::PeopleLimit;

/// `WHATSAPP_MAX_PEOPLE_PER_DAY`.
pub fn people_limit(env: &mut Env) -> PeopleLimit {
    if env.optional(&settings::WHATSAPP_MAX_PEOPLE_PER_DAY).is_none() {
        return PeopleLimit::OfSender;
    }
    match env.value(&settings::WHATSAPP_MAX_PEOPLE_PER_DAY) {
        0 => PeopleLimit::Unlimited,
        people => PeopleLimit::Fixed(people),
    }
}
