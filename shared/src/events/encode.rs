//! Encodes the events that we publish.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use super::{
    BACKFILL, BackfillData, BackfillEvent, SIGNED_UP, SignedUpData, SignedUpEvent, Signup, TextOrInteger,
};
use crate::domain::UserId;

/// The body of a signup event.
pub fn signed_up(id: &str, source: &str, time: DateTime<Utc>, signup: &Signup) -> Vec<u8> {
    body(&SignedUpEvent {
        specversion: "1.0".into(),
        id: id.into(),
        source: Some(source.into()),
        event_type: SIGNED_UP.into(),
        time: Some(time.to_rfc3339_opts(SecondsFormat::Micros, true)),
        data: SignedUpData {
            user_id: TextOrInteger(signup.user_id.to_string()),
            phone_number: Some(TextOrInteger(signup.phone.clone())),
            country_hint: signup.country_hint.clone(),
            preferred_language: signup.language.clone(),
            preferred_channel: signup.channel.clone(),
            kind: signup.user_kind,
            display_name: signup.display_name.clone(),
        },
    })
}

/// The body of an event that names a stored user.
pub fn backfill(id: &str, source: &str, time: DateTime<Utc>, user: &UserId) -> Vec<u8> {
    body(&BackfillEvent {
        specversion: "1.0".into(),
        id: id.into(),
        source: Some(source.into()),
        event_type: BACKFILL.into(),
        time: Some(time.to_rfc3339_opts(SecondsFormat::Micros, true)),
        data: BackfillData { user_id: TextOrInteger(user.to_string()) },
    })
}

fn body(event: &impl Serialize) -> Vec<u8> {
    // Strings and a closed enum always serialise.
    serde_json::to_vec(event).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::{Kind, UserKind, decode};

    #[test]
    fn encoded_events_decode_to_the_same_content() {
        let signup = Signup {
            user_id: UserId::parse("42").unwrap(),
            phone: "९८०७९६९२७८".into(),
            country_hint: Some("NP".into()),
            language: Some("ne".into()),
            channel: Some("sms".into()),
            user_kind: Some(UserKind::PregnantWoman),
            display_name: Some("\"quoted\"".into()),
        };
        let event = decode(&signed_up("e", "/t", Utc::now(), &signup)).unwrap();
        assert_eq!(event.kind, Kind::SignedUp(Box::new(signup)));
        let user = UserId::parse("9").unwrap();
        assert_eq!(decode(&backfill("e", "/t", Utc::now(), &user)).unwrap().kind, Kind::Stored(user));
    }
}
