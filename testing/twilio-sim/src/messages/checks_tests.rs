//! The order of the checks, and each check alone.

use std::time::Duration;

use super::*;
use crate::content::ContentDraft;
use crate::options::Options;

const SERVICE: &str = "MG00000000000000000000000000000001";

const TEMPLATE: &str = "HX00000000000000000000000000000001";
const FOREIGN: &str = "HX00000000000000000000000000000002";
const WHATSAPP: &str = "whatsapp:+14155238886";

/// One content of this account and one of another.
fn contents() -> Contents {
    let contents = Contents::new(1, "AC1", Duration::ZERO);
    for (sid, account) in [(TEMPLATE, "AC1"), (FOREIGN, "AC2")] {
        let draft: ContentDraft =
            serde_json::from_str(r#"{"types":{"twilio/text":{"body":"a {{1}} b"}}}"#).unwrap();
        contents.put(draft.content(sid.to_owned(), account, 0));
    }
    contents
}

fn check(fields: &[(&str, &str)]) -> Result<Accepted, ApiError> {
    check_with(fields, &["BD".to_owned()], None)
}

fn check_with(
    fields: &[(&str, &str)],
    geo_disabled: &[String],
    refusal: Option<u32>,
) -> Result<Accepted, ApiError> {
    let senders = Senders::new(vec![SERVICE.to_owned()], vec!["+15005550006".to_owned()]);
    let encoded = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let options = Options::default();
    let (whatsapp, contents) = (WhatsApp::new(&options), contents());
    let rules = Rules {
        senders: &senders,
        whatsapp: &whatsapp,
        contents: &contents,
        geo_disabled,
        test: false,
        refusal,
        now_ms: 0,
    };
    rules.check(&Form::parse(encoded.as_bytes()))
}

fn code(fields: &[(&str, &str)]) -> u32 {
    check(fields).unwrap_err().code
}

#[test]
fn faults_are_told_in_order() {
    let long = "x".repeat(1601);
    let mut fields: Vec<(&str, &str)> = Vec::new();
    assert_eq!(code(&fields), 21604);
    fields.push(("To", "not a number"));
    assert_eq!(code(&fields), 21603);
    fields.push(("From", "+15005550001"));
    assert_eq!(code(&fields), 21602);
    fields.extend([("Body", long.as_str()), ("StatusCallback", "nonsense")]);
    assert_eq!(code(&fields), 21617);
    fields[2] = ("Body", "x");
    assert_eq!(code(&fields), 21609);
    fields.pop();
    assert_eq!(code(&fields), 21211);
    fields[0] = ("To", "+15005550003");
    assert_eq!(code(&fields), 21212);
    fields[1] = ("From", "+15005550006");
    assert_eq!(code(&fields), 21408);
}

#[test]
fn magic_recipients_fail_at_once_or_later() {
    for (to, expected) in [
        ("+15005550001", 21211),
        ("+15005550002", 21612),
        ("+15005550003", 21408),
        ("+15005550004", 21610),
        ("+15005550009", 21614),
    ] {
        assert_eq!(code(&[("To", to), ("From", "+15005550006"), ("Body", "x")]), expected);
        let later = check(&[("To", to), ("MessagingServiceSid", SERVICE), ("Body", "x")]).unwrap();
        assert_eq!(later.late_error, Some((FailedStatus::Failed, expected)));
    }
}

#[test]
fn lines_and_countries() {
    for (to, expected) in [("+97714512345", 21635), ("+8801712345678", 21408), ("12345", 21265)] {
        assert_eq!(code(&[("To", to), ("From", "+15005550006"), ("Body", "x")]), expected, "{to}");
    }
}

#[test]
fn a_refusal_by_fault_follows_the_same_way() {
    let to = ("To", "+9779841234567");
    let sync = check_with(&[to, ("From", "+15005550006"), ("Body", "x")], &[], Some(21610));
    assert_eq!(sync.unwrap_err().code, 21610);
    let later = check_with(&[to, ("MessagingServiceSid", SERVICE), ("Body", "x")], &[], Some(21610));
    assert_eq!(later.unwrap().late_error, Some((FailedStatus::Failed, 21610)));
}

#[test]
fn options() {
    let base = [("To", "+9779841234567"), ("From", "+15005550006"), ("Body", "x")];
    let with = |extra: (&'static str, &'static str)| {
        let mut fields = base.to_vec();
        fields.push(extra);
        check(&fields).err().map(|error| error.code)
    };
    assert_eq!(with(("ValidityPeriod", "14400")), None);
    assert_eq!(with(("ValidityPeriod", "36001")), Some(21624));
    assert_eq!(with(("ContentVariables", "{}")), Some(21654));
    assert_eq!(with(("StatusCallback", "http://127.0.0.1:1/x?mid=1#rc=5")), None);
    assert_eq!(with(("StatusCallback", "https://under_score.example/x")), Some(21609));
    assert_eq!(with(("Unknown", "x")), None);
}

#[test]
fn channels_must_agree() {
    let fields = [("To", "whatsapp:+9779841234567"), ("From", "+15005550006"), ("Body", "x")];
    assert_eq!(code(&fields), 21910);
}

#[test]
fn faults_of_a_template_are_told_in_order() {
    let to = ("To", "whatsapp:nonsense");
    let base = [to, ("From", "+15005550006"), ("ContentSid", TEMPLATE)];
    let with = |extra: &[(&'static str, &'static str)]| {
        let mut fields = base.to_vec();
        for (name, value) in extra {
            fields.retain(|(field, _)| field != name);
            fields.push((name, value));
        }
        code(&fields)
    };
    assert_eq!(code(&[to, base[1], ("Body", "x"), ("ContentVariables", "[]")]), 21654);
    assert_eq!(with(&[("ContentSid", "HX1"), ("ContentVariables", "[]")]), 21655);
    assert_eq!(with(&[("ContentSid", FOREIGN)]), 21655);
    assert_eq!(with(&[("ContentVariables", "[]")]), 21656);
    assert_eq!(with(&[]), 21211);
    let to = ("To", "whatsapp:+9779841234567");
    assert_eq!(with(&[to]), 21910);
    assert_eq!(with(&[to, ("From", "whatsapp:+15005550006")]), 63007);
}

#[test]
fn whatsapp_has_no_error_of_the_destination_at_once() {
    for (to, late) in [
        ("whatsapp:+9779841234567", None),
        ("whatsapp:+97714512345", None),
        ("whatsapp:+8801712345678", None),
        ("whatsapp:NP.1234567890", None),
        ("whatsapp:+15005550004", Some((FailedStatus::Failed, 21610))),
    ] {
        let accepted = check(&[("To", to), ("From", WHATSAPP), ("ContentSid", TEMPLATE)]).unwrap();
        assert_eq!(accepted.late_error, late, "{to}");
        assert_eq!(accepted.sender_address(), WHATSAPP);
    }
    let fields = [("To", "whatsapp:+9779841234567"), ("MessagingServiceSid", SERVICE), ("Body", "x")];
    assert_eq!(check(&fields).unwrap().sender_address(), WHATSAPP);
}
