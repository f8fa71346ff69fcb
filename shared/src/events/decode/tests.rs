mod people;

use proptest::prelude::*;

use super::*;
use crate::events::{Signup, UserKind};

fn ce(data: &str) -> String {
    format!(
        r#"{{"specversion":"1.0","id":"e1","source":"/t","type":"{SIGNED_UP}","time":"2026-03-01T04:54:58Z","data":{data}}}"#
    )
}

fn signup_of(body: &str) -> Signup {
    match decode(body.as_bytes()).map(|e| e.kind) {
        Ok(Kind::SignedUp(signup)) => *signup,
        other => panic!("no signup: {other:?}"),
    }
}

fn reason(body: &[u8]) -> &'static str {
    decode(body).expect_err("must be refused").reason()
}

#[test]
fn a_signup_is_read_with_its_time() {
    let body = ce(r#"{"user_id":"1042","phone_number":"9807969278","kind":"new_mother","x":1}"#);
    let event = decode(body.as_bytes()).unwrap();
    assert_eq!(event.time.at().map(|t| t.timestamp()), Some(1_772_340_898));
    assert_eq!(event.version, Version::V1);
    let signup = signup_of(&body);
    assert_eq!((signup.user_id.as_str(), signup.phone.as_str()), ("1042", "9807969278"));
    assert_eq!(signup.user_kind, Some(UserKind::NewMother));
}

#[test]
fn a_bare_object_is_v0() {
    let event = decode(br#"{"user_id":7,"phone_number":9807969278}"#).unwrap();
    assert_eq!((event.version, event.id), (Version::V0, None));
    assert_eq!(signup_of(r#"{"user_id":7,"phone_number":9807969278}"#).phone, "9807969278");
}

#[test]
fn a_struct_is_never_read_from_an_array() {
    let backfill = format!(r#"{{"specversion":"1.0","id":"e","type":"{BACKFILL}","data":[1]}}"#);
    for body in [
        r#"["1.0","e1","np.aamcare.user.signed_up.v1","2026-03-01T04:54:58Z",{"user_id":"1"}]"#.to_owned(),
        r#"[null,null,null,null,null,"1"]"#.to_owned(),
        r#"[1,"9841234567"]"#.to_owned(),
        ce("[1]"),
        ce(r#"["1","9841234567"]"#),
        ce(r#"["1","9841234567",null,null,null,null,null]"#),
        ce(r#"[{"user_id":"1"}]"#),
        ce("[]"),
        backfill,
    ] {
        assert_eq!(reason(body.as_bytes()), "schema", "{body}");
    }
}

#[test]
fn a_number_with_a_fraction_or_an_exponent_stays_damaged() {
    use crate::phone::{Region, Rejection, normalise};
    for number in ["9841234570.0", "984123456.0", "9.84123457E9", "9.841234570", "984.1234567", "1e400"] {
        let signup = signup_of(&ce(&format!(r#"{{"user_id":"1","phone_number":{number}}}"#)));
        assert_eq!(normalise(&signup.phone, Region::NEPAL), Err(Rejection::Damaged), "{number}");
    }
    for bad in ["true", "[9841234567]", "{}"] {
        assert_eq!(reason(ce(&format!(r#"{{"user_id":"1","phone_number":{bad}}}"#)).as_bytes()), "schema");
    }
}

#[test]
fn a_hint_that_is_not_a_country_is_dropped() {
    let hint =
        |hint: &str| signup_of(&ce(&format!(r#"{{"user_id":"1","country_hint":"{hint}"}}"#))).country_hint;
    for known in ["NP", "np", " NP "] {
        assert_eq!(hint(known).as_deref(), Some("NP"), "{known}");
    }
    for unknown in ["UAE", "NPL", "Nepal", "none", "", "N", "ZZ", "नेपाल", r"N\u0000"] {
        assert_eq!(hint(unknown), None, "{unknown}");
    }
}

#[test]
fn a_time_without_an_offset_is_utc_and_any_other_is_unreadable() {
    let time = |time: &str| {
        let body = ce(r#"{"user_id":"1"}"#).replace(r#""2026-03-01T04:54:58Z""#, time);
        decode(body.as_bytes()).unwrap().time
    };
    let same = EventTime::At("2026-03-01T04:54:58Z".parse().unwrap());
    for text in [r#""2026-03-01T04:54:58""#, r#""2026-03-01 10:39:58+0545""#, r#""2026-03-01T04:54:58Z""#] {
        assert_eq!(time(text), same, "{text}");
    }
    for text in [r#""""#, r#""yesterday""#, r#""1772340898""#, r#""01/03/2026 04:54""#] {
        assert_eq!(time(text), EventTime::Unreadable, "{text}");
    }
    assert_eq!(time("null"), EventTime::Missing);
}

#[test]
fn integers_of_any_length_keep_their_digits() {
    let signup =
        signup_of(&ce(r#"{"user_id":12345678901234567890123,"phone_number":98079692781234567890123}"#));
    assert_eq!(signup.user_id.as_str(), "12345678901234567890123");
    assert_eq!(signup.phone, "98079692781234567890123");
}

#[test]
fn a_missing_null_or_empty_phone_is_an_empty_phone() {
    for data in [
        r#"{"user_id":"1"}"#,
        r#"{"user_id":"1","phone_number":null}"#,
        r#"{"user_id":"1","phone_number":""}"#,
    ] {
        assert_eq!(signup_of(&ce(data)).phone, "");
    }
}

#[test]
fn nul_is_kept_out_of_stored_texts() {
    let signup =
        signup_of(&ce(r#"{"user_id":"1","phone_number":"98\u000007969278","display_name":"a\u0000"}"#));
    assert!(!signup.phone.contains('\0'));
    assert_eq!(signup.display_name.as_deref(), Some("a\u{fffd}"));
}

#[test]
fn an_unknown_kind_is_other() {
    assert_eq!(signup_of(&ce(r#"{"user_id":"1","kind":"father"}"#)).user_kind, Some(UserKind::Other));
}

#[test]
fn a_backfill_event_names_a_stored_user() {
    let body = format!(r#"{{"specversion":"1.0","id":"e","type":"{BACKFILL}","data":{{"user_id":9}}}}"#);
    assert_eq!(decode(body.as_bytes()).unwrap().kind, Kind::Stored(UserId::parse("9").unwrap()));
}

#[test]
fn bodies_off_the_contract_are_dead_letters_by_reason() {
    let long_id = ce(&format!(r#"{{"user_id":"{}"}}"#, "x".repeat(300)));
    for (body, expected) in [
        (r"", "malformed"),
        (r#"{"user_id":"#, "malformed"),
        (r"[]", "schema"),
        (r"null", "schema"),
        (r"{}", "schema"),
        (&long_id, "schema"),
        (&ce(r#"{"user_id":""}"#), "schema"),
        (&ce(r#"{"user_id":"a\u0000"}"#), "schema"),
        (&ce(r#"{"user_id":true}"#), "schema"),
        (&ce(r#"{"user_id":1.5}"#), "schema"),
        (&ce(r#"{"user_id":"1","phone_number":{}}"#), "schema"),
        (&ce(r#"{"user_id":"1","preferred_language":5}"#), "schema"),
        (&ce(r#"{"user_id":"1"}"#).replace(r#""id":"e1","#, ""), "schema"),
        (&ce(r#"{"user_id":"1"}"#).replace(r#""specversion":"1.0","#, ""), "schema"),
        (&ce(r#"{"user_id":"1"}"#).replace(r#""1.0""#, r#""2.0""#), "schema"),
        (&ce(r#"{"user_id":"1"}"#).replace(".v1", ".v2"), "unknown_type"),
    ] {
        assert_eq!(reason(body.as_bytes()), expected, "{body}");
    }
    assert_eq!(reason(b"{\"user_id\":\"\xff\"}"), "malformed");
    assert_eq!(reason(&vec![b'x'; 1 << 20]), "too_large");
}

#[test]
fn an_error_does_not_quote_the_content() {
    let text =
        decode(ce(r#"{"user_id":"1","phone_number":["9807969278"]}"#).as_bytes()).unwrap_err().to_string();
    assert!(!text.contains("9807"), "{text}");
}

proptest! {
    #[test]
    fn decoding_never_panics(body in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = decode(&body);
    }

    #[test]
    fn phones_are_cut_at_250_bytes(phone in "\\PC{0,300}") {
        let data = serde_json::json!({ "user_id": "1", "phone_number": phone }).to_string();
        prop_assert!(signup_of(&ce(&data)).phone.len() <= 250);
    }
}
