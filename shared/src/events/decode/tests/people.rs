//! Events about people, and the same fields in signups.

use chrono::{DateTime, Utc};
use chrono_tz::Asia::Kathmandu;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{ce, signup_of};
use crate::{
    domain::{
        Cadence, Change, Consent, ConsentAction, ConsentChannel, ProfileChange, Purpose, TimeZone, TipsHour,
    },
    events::{
        CONSENT_CHANGED, ConsentChanged, Dropped, ERASED, Kind, LOSS_REPORTED, PROFILE_CHANGED,
        ProfileChanged, Rejected, SIGNED_UP, TYPES, UserKind, decode,
    },
};

fn kind(event_type: &str, data: &Value) -> Result<Kind, Rejected> {
    let event = json!({ "specversion": "1.0", "id": "e1", "type": event_type, "data": data });
    decode(event.to_string().as_bytes()).map(|event| event.kind)
}

fn rejection(event_type: &str, data: &Value) -> String {
    let rejected = kind(event_type, data).expect_err("must be refused");
    assert_eq!(rejected.reason(), "schema", "{data}");
    rejected.to_string()
}

fn profile_changed(data: &Value) -> ProfileChanged {
    match kind(PROFILE_CHANGED, data) {
        Ok(Kind::ProfileChanged(changed)) => *changed,
        other => panic!("no change: {other:?} of {data}"),
    }
}

fn consents(data: &Value) -> Vec<Consent> {
    match kind(CONSENT_CHANGED, data) {
        Ok(Kind::ConsentChanged(ConsentChanged { consents, .. })) => consents.into_vec(),
        other => panic!("no consents: {other:?} of {data}"),
    }
}

#[test]
fn a_field_is_kept_cleared_or_set() {
    let kept = profile_changed(&json!({ "user_id": 7 }));
    assert_eq!(kept, ProfileChanged::new(kept.user_id.clone()));
    let cleared = profile_changed(&json!({
        "user_id": 7, "phone_number": null, "preferred_language": null, "kind": null, "due_date": null, "active": null,
    }));
    assert_eq!((cleared.phone, cleared.language), (Change::Clear, Change::Clear));
    assert_eq!((cleared.user_kind, cleared.profile.due_date), (Change::Clear, Change::Clear));
    assert_eq!((cleared.profile.active, cleared.profile.cadence), (Change::Clear, Change::Keep));
    let set = profile_changed(&json!({
        "user_id": 7, "phone_number": 9_807_969_278_u64, "country_hint": " np ", "kind": "new_mother",
        "child_birth_date": "2026-02-27", "time_zone": "Asia/Katmandu", "tips_hour": "12:00", "cadence": "weekly",
        "household_id": 17, "active": false,
    }));
    assert_eq!((set.phone, set.country_hint), (Change::Set("9807969278".into()), Change::Set("NP".into())));
    assert_eq!(
        (set.user_kind, set.profile.tips_hour),
        (Change::Set(UserKind::NewMother), Change::Set(TipsHour::Noon))
    );
    assert_eq!((set.profile.cadence, set.profile.active), (Change::Set(Cadence::Weekly), Change::Set(false)));
    assert_eq!(set.profile.child_birth_date, Change::Set("2026-02-27".parse().unwrap()));
    assert_eq!(set.profile.household_id.map(|id| id.as_str().to_owned()), Change::Set("17".to_owned()));
    assert!(set.profile.time_zone.set().and_then(TimeZone::known).is_some());
}

#[test]
fn an_empty_number_is_cleared_and_an_unknown_country_changes_nothing() {
    let change = |name: &str, value: Value| profile_changed(&json!({ "user_id": 7, name: value }));
    assert_eq!(change("phone_number", json!("")).phone, Change::Clear);
    assert_eq!(change("phone_number", json!("98\0")).phone, Change::Set("98\u{fffd}".into()));
    assert_eq!(
        change("phone_number", json!("9".repeat(300))).phone.set().map(|phone| phone.len()),
        Some(250)
    );
    assert_eq!(change("country_hint", json!("UAE")).country_hint, Change::Keep);
    assert_eq!(change("kind", json!("father")).user_kind, Change::Set(UserKind::Other));
}

#[test]
fn an_unreadable_field_of_a_change_is_named_without_its_content() {
    let bad = json!({
        "phone_number": [["9807969278"], {}, true],
        "country_hint": [7], "preferred_language": [7], "preferred_channel": [["9807969278"]],
        "kind": [7, { "new_mother": null }],
        "due_date": ["9807969278", "2101-01-01", "1899-12-31", "2026-02-30", "", 20_260_501],
        "child_birth_date": ["01/05/2026", "2026-05-01T00:00:00Z"],
        "tips_hour": ["9807969278", "7:00", 7], "cadence": ["9807969278", "Daily", 1],
        "household_id": ["", "9".repeat(129), 1.5, {}], "active": ["9807969278", "true", 1],
    });
    for (name, values) in bad.as_object().unwrap() {
        for value in values.as_array().unwrap() {
            let text = rejection(PROFILE_CHANGED, &json!({ "user_id": 7, name: value }));
            assert!(text.contains(name.as_str()) && text.contains("null"), "{text}");
            assert!(!text.contains("9807") && !text.contains("1899") && !text.contains("father"), "{text}");
        }
    }
}

#[test]
fn an_unknown_time_zone_is_invalid_and_no_dead_letter() {
    for zone in [json!("Nepal Standard Time"), json!(""), json!(345), json!({}), json!(["Asia/Kathmandu"])] {
        let data = json!({ "user_id": "7", "time_zone": zone });
        assert_eq!(profile_changed(&data).profile.time_zone, Change::Set(TimeZone::Invalid), "{zone}");
        let signup = signup_of(&ce(&data.to_string()));
        assert_eq!(signup.profile.time_zone, Change::Set(TimeZone::Invalid), "{zone}");
        assert_eq!(signup.dropped, Dropped::default());
    }
    let known = profile_changed(&json!({ "user_id": "7", "time_zone": "Asia/Kathmandu" }));
    assert_eq!(known.profile.time_zone, Change::Set(TimeZone::Known(Kathmandu)));
}

#[test]
fn a_signup_is_read_without_the_fields_that_cannot_be_read() {
    let signup = signup_of(&ce(&json!({
        "user_id": "1", "phone_number": "9807969278", "due_date": "31/05/2026", "child_birth_date": 7,
        "tips_hour": "6 am", "cadence": {}, "household_id": [], "active": "yes",
    })
    .to_string()));
    assert_eq!((signup.phone.as_str(), signup.profile), ("9807969278", ProfileChange::default()));
    assert_eq!(signup.dropped, Dropped { fields: 6, consents: 0 });
    let good = signup_of(&ce(r#"{"user_id":"1","due_date":"2026-05-31","cadence":null,"active":true}"#));
    assert_eq!(good.profile.due_date, Change::Set("2026-05-31".parse().unwrap()));
    assert_eq!((good.profile.cadence, good.profile.active), (Change::Clear, Change::Set(true)));
    assert_eq!(good.dropped, Dropped::default());
}

#[test]
fn a_bare_signup_has_the_same_fields() {
    let body = r#"{"user_id":7,"tips_hour":"18:00","consents":[{"purpose":"tips","channel":"sms","action":"grant"}]}"#;
    let signup = signup_of(body);
    assert_eq!(signup.profile.tips_hour, Change::Set(TipsHour::Eighteen));
    assert_eq!(signup.consents, [Consent::new(Purpose::Tips, ConsentChannel::Sms, ConsentAction::Grant)]);
}

#[test]
fn consents_are_read_in_their_order() {
    let read = consents(&json!({ "user_id": 7, "consents": [
        { "purpose": "support_after_loss", "channel": "whatsapp", "action": "grant", "wording_id": "form-7",
          "wording": "म सहमत\0", "at": "2026-03-01T10:39:58+05:45", "more": 1 },
        { "purpose": "onboarding", "channel": "any", "action": "withdraw", "wording": "", "wording_id": null, "at": null },
    ]}));
    let at: DateTime<Utc> = "2026-03-01T04:54:58Z".parse().unwrap();
    let [full, bare] = &read[..] else { panic!("{read:?}") };
    assert_eq!((full.purpose, full.channel), (Purpose::SupportAfterLoss, ConsentChannel::Whatsapp));
    assert_eq!((full.action, full.at), (ConsentAction::Grant, Some(at)));
    assert_eq!(full.wording_id.as_ref().unwrap().as_str(), "form-7");
    assert_eq!(full.wording.as_ref().unwrap().as_str(), "म सहमत\u{fffd}");
    assert_eq!(*bare, Consent::new(Purpose::Onboarding, ConsentChannel::Any, ConsentAction::Withdraw));
}

#[test]
fn an_unreadable_consent_rejects_its_event_but_not_a_signup() {
    let good = json!({ "purpose": "tips", "channel": "any", "action": "grant" });
    let bad = |name: &str, value: Value| {
        let mut consent = good.clone();
        consent[name] = value;
        consent
    };
    for (consent, expected) in [
        (
            bad("purpose", json!("9807969278")),
            "unknown purpose: give one of onboarding, tips, support_after_loss",
        ),
        (bad("channel", json!("SMS")), "unknown channel: give one of sms, whatsapp, any"),
        (bad("action", json!("expire")), "unknown action: give one of grant, withdraw"),
        (bad("action", json!(null)), "action is missing"),
        (bad("purpose", json!(["9807969278"])), "purpose is not a text"),
        (bad("wording_id", json!("9".repeat(129))), "wording_id is longer than 128 characters"),
        (bad("wording", json!("9".repeat(2001))), "wording is longer than 2000 characters"),
        (bad("wording", json!(9_807_969_278_u64)), "wording is not a text"),
        (bad("at", json!("yesterday")), "at is not a time"),
        (bad("at", json!(1_772_340_898)), "at is not a time"),
        (json!(["tips", "any", "grant"]), "give an object"),
        (json!("9807969278"), "give an object"),
    ] {
        let data = json!({ "user_id": "7", "consents": [good, consent] });
        let text = rejection(CONSENT_CHANGED, &data);
        assert!(
            text.contains("consents[1]: ") && text.contains(expected) && !text.contains("9807"),
            "{text}"
        );
        let signup = signup_of(&ce(&data.to_string()));
        assert_eq!(
            (signup.consents.len(), signup.dropped),
            (1, Dropped { fields: 0, consents: 1 }),
            "{text}"
        );
    }
}

#[test]
fn an_event_has_1_to_20_consents_and_a_signup_counts_those_above() {
    let data = |count: usize| {
        let consent = json!({ "purpose": "tips", "channel": "any", "action": "grant" });
        json!({ "user_id": "7", "consents": vec![consent; count] })
    };
    assert_eq!(consents(&data(20)).len(), 20);
    assert!(rejection(CONSENT_CHANGED, &data(0)).contains("consents is empty"));
    assert!(rejection(CONSENT_CHANGED, &data(21)).contains("more than 20"));
    for missing in [json!({ "user_id": "7" }), json!({ "user_id": "7", "consents": null })] {
        assert!(rejection(CONSENT_CHANGED, &missing).contains("consents is missing"));
    }
    assert!(rejection(CONSENT_CHANGED, &json!({ "user_id": "7", "consents": {} })).contains("an array"));
    let signup = |data: &Value| signup_of(&ce(&data.to_string()));
    assert_eq!(signup(&data(0)).dropped, Dropped::default());
    let many = signup(&data(25));
    assert_eq!((many.consents.len(), many.dropped), (20, Dropped { fields: 0, consents: 5 }));
    let none = signup(&json!({ "user_id": "7", "consents": "tips" }));
    assert_eq!((none.consents.len(), none.dropped), (0, Dropped { fields: 0, consents: 1 }));
}

#[test]
fn the_reporter_never_makes_a_loss_unreadable() {
    let reporter = |data: Value| match kind(LOSS_REPORTED, &data) {
        Ok(Kind::LossReported { reported_by, .. }) => reported_by.map(|name| name.as_str().to_owned()),
        other => panic!("no loss: {other:?}"),
    };
    assert_eq!(reporter(json!({ "user_id": "7" })), None);
    assert_eq!(reporter(json!({ "user_id": "7", "reported_by": "staff-17" })), Some("staff-17".into()));
    assert_eq!(reporter(json!({ "user_id": "7", "reported_by": 17 })), Some("17".into()));
    assert_eq!(reporter(json!({ "user_id": "7", "reported_by": "न".repeat(200) })), Some("न".repeat(128)));
    for nothing in [json!(null), json!(""), json!({}), json!(["x"]), json!(true)] {
        assert_eq!(reporter(json!({ "user_id": "7", "reported_by": nothing })), None);
    }
}

#[test]
fn every_event_needs_a_user_and_an_object() {
    for event_type in TYPES {
        for data in
            [json!({}), json!({ "user_id": "" }), json!({ "user_id": null }), json!(["7"]), json!("7")]
        {
            rejection(event_type, &data);
        }
    }
    let erased = kind(ERASED, &json!({ "user_id": 7, "reason": "x" }));
    assert!(matches!(erased, Ok(Kind::Erased(user)) if user.as_str() == "7"));
    let newer = kind("np.aamcare.user.erased.v2", &json!({ "user_id": 7 })).unwrap_err();
    assert_eq!(newer.reason(), "unknown_type");
    assert!(TYPES.iter().all(|known| newer.to_string().contains(known)), "{newer}");
}

#[test]
fn debug_shows_no_number_name_date_or_wording() {
    let consent = json!({ "purpose": "tips", "channel": "any", "action": "grant", "wording_id": "secret",
        "wording": "secret", "at": "2026-05-01T00:00:00Z" });
    let data = json!({
        "user_id": "7", "phone_number": "secret", "country_hint": "NP", "preferred_language": "secret",
        "preferred_channel": "secret", "display_name": "secret", "due_date": "2026-05-01", "time_zone": "Asia/Kathmandu",
        "household_id": "secret", "reported_by": "secret", "consents": [consent],
    });
    for event_type in TYPES {
        let text = format!("{:?}", kind(event_type, &data).unwrap());
        assert!(["secret", "2026", "Kathmandu"].iter().all(|part| !text.contains(part)), "{text}");
    }
}

proptest! {
    #[test]
    fn any_value_of_an_optional_field_leaves_a_signup(name in 0_usize..8, value in "\\PC{0,40}") {
        let names = ["due_date", "child_birth_date", "time_zone", "tips_hour", "cadence", "household_id", "active", "consents"];
        for value in [json!(value), json!([value]), json!({ "at": value }), json!([{ "purpose": value }])] {
            let event = kind(SIGNED_UP, &json!({ "user_id": "7", names[name]: value }));
            prop_assert!(matches!(event, Ok(Kind::SignedUp(_))));
        }
    }
}
