//! The order of the checks, and each check alone.

use super::*;

const SERVICE: &str = "MG00000000000000000000000000000001";

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
    let rules = Rules { senders: &senders, geo_disabled, test: false, refusal };
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
