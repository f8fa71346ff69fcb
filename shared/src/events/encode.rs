//! Encodes the events that we publish.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use super::{
    BACKFILL, BackfillData, BackfillEvent, CONSENT_CHANGED, ConsentChanged, ConsentChangedEvent, ERASED,
    ErasedEvent, LOSS_REPORTED, LossReportedEvent, PROFILE_CHANGED, ProfileChanged, ProfileChangedEvent,
    ReportedBy, SIGNED_UP, SignedUpData, SignedUpEvent, Signup, TextOrInteger,
    wire::{ConsentChangedData, ErasedData, LossReportedData, ProfileChangedData},
};
use crate::domain::UserId;

/// Encodes one kind of event in its envelope.
macro_rules! body {
    ($event:ident, $type:expr, $id:expr, $source:expr, $time:expr, $data:expr) => {
        json(&$event {
            specversion: "1.0".into(),
            id: $id.into(),
            source: Some($source.into()),
            event_type: $type.into(),
            time: Some($time.to_rfc3339_opts(SecondsFormat::Micros, true)),
            data: $data,
        })
    };
}

/// The body of a signup event.
pub fn signed_up(id: &str, source: &str, time: DateTime<Utc>, signup: &Signup) -> Vec<u8> {
    let data = SignedUpData {
        user_id: user(&signup.user_id),
        phone_number: Some(TextOrInteger(signup.phone.clone())),
        country_hint: signup.country_hint.clone(),
        preferred_language: signup.language.clone(),
        preferred_channel: signup.channel.clone(),
        kind: signup.user_kind,
        display_name: signup.display_name.clone(),
        profile: signup.profile.clone(),
        consents: signup.consents.clone(),
    };
    body!(SignedUpEvent, SIGNED_UP, id, source, time, data)
}

/// The body of an event that names a stored user.
pub fn backfill(id: &str, source: &str, time: DateTime<Utc>, user_id: &UserId) -> Vec<u8> {
    body!(BackfillEvent, BACKFILL, id, source, time, BackfillData { user_id: user(user_id) })
}

/// The body of an event that changes a user's number or profile.
pub fn profile_changed(id: &str, source: &str, time: DateTime<Utc>, changed: &ProfileChanged) -> Vec<u8> {
    let data = ProfileChangedData {
        user_id: user(&changed.user_id),
        phone_number: changed.phone.clone().map(TextOrInteger),
        country_hint: changed.country_hint.clone(),
        preferred_language: changed.language.clone(),
        preferred_channel: changed.channel.clone(),
        kind: changed.user_kind,
        profile: changed.profile.clone(),
    };
    body!(ProfileChangedEvent, PROFILE_CHANGED, id, source, time, data)
}

/// The body of an event that gives or withdraws consents.
pub fn consent_changed(id: &str, source: &str, time: DateTime<Utc>, changed: &ConsentChanged) -> Vec<u8> {
    let data = ConsentChangedData { user_id: user(&changed.user_id), consents: changed.consents.clone() };
    body!(ConsentChangedEvent, CONSENT_CHANGED, id, source, time, data)
}

/// The body of an event that reports a loss.
pub fn loss_reported(
    id: &str,
    source: &str,
    time: DateTime<Utc>,
    user_id: &UserId,
    reported_by: Option<&ReportedBy>,
) -> Vec<u8> {
    let data = LossReportedData { user_id: user(user_id), reported_by: reported_by.cloned() };
    body!(LossReportedEvent, LOSS_REPORTED, id, source, time, data)
}

/// The body of an event that erases a user.
pub fn erased(id: &str, source: &str, time: DateTime<Utc>, user_id: &UserId) -> Vec<u8> {
    body!(ErasedEvent, ERASED, id, source, time, ErasedData { user_id: user(user_id) })
}

fn user(id: &UserId) -> TextOrInteger {
    TextOrInteger(id.to_string())
}

fn json(event: &impl Serialize) -> Vec<u8> {
    // Strings, numbers and closed enums always serialise.
    serde_json::to_vec(event).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{
            BoundedText, Cadence, Change, Consent, ConsentAction, ConsentChannel, Consents, ProfileChange,
            Purpose, TimeZone, TipsHour,
        },
        events::{Dropped, Kind, UserKind, decode},
    };

    fn profile() -> ProfileChange {
        ProfileChange {
            due_date: Change::Set("2026-05-01".parse().unwrap()),
            child_birth_date: Change::Clear,
            time_zone: Change::Set(TimeZone::read("Asia/Kathmandu")),
            tips_hour: Change::Set(TipsHour::Eighteen),
            cadence: Change::Set(Cadence::TwiceWeekly),
            household_id: Change::Set(BoundedText::new("घर 7").unwrap()),
            active: Change::Set(false),
        }
    }

    fn consents() -> Vec<Consent> {
        let all = Purpose::ALL.into_iter().flat_map(|purpose| {
            let channels = ConsentChannel::ALL.into_iter();
            channels.flat_map(move |channel| {
                ConsentAction::ALL.into_iter().map(move |action| Consent::new(purpose, channel, action))
            })
        });
        let full = Consent {
            wording_id: BoundedText::new("form-7").ok(),
            wording: BoundedText::new("म सहमत छु").ok(),
            at: Some("2026-03-01T04:54:58.123456789Z".parse().unwrap()),
            ..Consent::new(Purpose::Tips, ConsentChannel::Whatsapp, ConsentAction::Grant)
        };
        all.chain([full]).collect()
    }

    fn decoded(body: &[u8]) -> Kind {
        decode(body).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(body))).kind
    }

    #[test]
    fn encoded_events_decode_to_the_same_content() {
        let user = UserId::parse("42").unwrap();
        let signup = Signup {
            country_hint: Some("NP".into()),
            language: Some("ne".into()),
            channel: Some("sms".into()),
            user_kind: Some(UserKind::PregnantWoman),
            display_name: Some("\"quoted\"".into()),
            profile: profile(),
            consents: consents(),
            ..Signup::new(user.clone(), "९८०७९६९२७८".into())
        };
        assert_eq!(signup.dropped, Dropped::default());
        let now = Utc::now();
        assert_eq!(decoded(&signed_up("e", "/t", now, &signup)), Kind::SignedUp(Box::new(signup)));
        assert_eq!(decoded(&backfill("e", "/t", now, &user)), Kind::Stored(user.clone()));
        assert_eq!(decoded(&erased("e", "/t", now, &user)), Kind::Erased(user.clone()));
        let changed = ConsentChanged { user_id: user.clone(), consents: Consents::new(consents()).unwrap() };
        assert_eq!(decoded(&consent_changed("e", "/t", now, &changed)), Kind::ConsentChanged(changed));
        for reported_by in [None, BoundedText::new("staff 7").ok()] {
            let body = loss_reported("e", "/t", now, &user, reported_by.as_ref());
            assert_eq!(decoded(&body), Kind::LossReported { user_id: user.clone(), reported_by });
        }
    }

    #[test]
    fn an_encoded_change_of_a_profile_decodes_to_the_same_content() {
        let user = UserId::parse("42").unwrap();
        let set = ProfileChanged {
            phone: Change::Set("९८०७९६९२७८".into()),
            country_hint: Change::Set("NP".into()),
            language: Change::Set("ne".into()),
            channel: Change::Set("whatsapp".into()),
            user_kind: Change::Set(UserKind::NewMother),
            profile: profile(),
            ..ProfileChanged::new(user.clone())
        };
        let clear = ProfileChanged {
            phone: Change::Clear,
            country_hint: Change::Clear,
            language: Change::Clear,
            channel: Change::Clear,
            user_kind: Change::Clear,
            profile: ProfileChange {
                due_date: Change::Clear,
                child_birth_date: Change::Clear,
                time_zone: Change::Set(TimeZone::Invalid),
                tips_hour: Change::Clear,
                cadence: Change::Clear,
                household_id: Change::Clear,
                active: Change::Clear,
            },
            ..ProfileChanged::new(user.clone())
        };
        for changed in [set, clear, ProfileChanged::new(user)] {
            let body = profile_changed("e", "/t", Utc::now(), &changed);
            assert_eq!(decoded(&body), Kind::ProfileChanged(Box::new(changed)));
        }
    }
}
