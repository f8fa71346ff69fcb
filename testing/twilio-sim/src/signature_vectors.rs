//! Published or recomputed signatures; each also agrees with Twilio's own request validator. Seventeen to nineteen are
//! tests of the form of inbound messages.

use super::sign;

type Fields = Vec<(&'static str, &'static str)>;

const URL: &str = "https://mycompany.com/myapp.php?foo=1&bar=2";
const TOKEN: &str = "12345";
const LONG_TOKEN: &str = "0123456789abcdef0123456789abcdef";
const HASH: &str = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620";

fn call() -> Fields {
    vec![
        ("CallSid", "CA1234567890ABCDE"),
        ("Caller", "+14158675309"),
        ("Digits", "1234"),
        ("From", "+14158675309"),
        ("To", "+18005551212"),
    ]
}

fn check(url: &str, fields: &[(&str, &str)], expected: &str) {
    assert_eq!(sign(TOKEN, url, fields), expected, "{url}");
}

#[test]
fn one_other_caller() {
    let fields = [
        ("CallSid", "CA1234567890ABCDE"),
        ("Caller", "+14158675310"),
        ("Digits", "1234"),
        ("From", "+14158675310"),
        ("To", "+18005551212"),
    ];
    check("https://example.com/myapp.php?foo=1&bar=2", &fields, "L/OH5YylLD5NRKLltdqwSvS0BnU=");
}

#[test]
fn two_to_six_hosts_and_ports() {
    let fields = call();
    check(URL, &fields, "RSOYDt4T1cUTdK1PDd93/VVr8B8=");
    check("https://mycompany.com:443/myapp.php?foo=1&bar=2", &fields, "kvajT1Ptam85bY51eRf/AJRuM3w=");
    check("http://mycompany.com/myapp.php?foo=1&bar=2", &fields, "OyGYPqTF6ztdbRNCvuQO/oPvqQ4=");
    check("http://mycompany.com:80/myapp.php?foo=1&bar=2", &fields, "0ZXoZLH/DfblKGATFgpif+LLRf4=");
    check("http://mycompany.com:1234/myapp.php?foo=1&bar=2", &fields, "Zmvh+3yNM1Phv2jhDCwEM3q5ebU=");
}

#[test]
fn seven_repeated_field() {
    let fields = [
        ("Sid", "CA123"),
        ("SidAccount", "AC123"),
        ("Digits", "5678"),
        ("Digits", "1234"),
        ("Digits", "1234"),
    ];
    check(URL, &fields, "IK+Dwps556ElfBT0I3Rgjkr1wJU=");
}

#[test]
fn eight_names_with_a_common_prefix() {
    let mut fields = call();
    fields.extend([("Reason", "Participant"), ("ReasonConferenceEnded", "test")]);
    check(URL, &fields, "vOEb5UThFn24KEfnOFLQY2AE5FY=");
}

#[test]
fn nine_no_fields() {
    check(URL, &[], "zYQTYrRWXE7LtzbG4PfP7/bkkGo=");
}

#[test]
fn ten_encoded_query_stays_encoded() {
    let url = "https://mycompany.com/myapp.php?foo=hello%20world&bar=test%2Bvalue";
    check(url, &call(), "er2tvAP1Wx+iuTTE2BPgvEaN1cs=");
}

#[test]
fn eleven_empty_values() {
    let fields = [("Digits", ""), ("CallSid", "CA1234567890ABCDE"), ("EmptyParam", "")];
    check(URL, &fields, "9HHp/OqQMEwdrVebHDdA/+tqjX8=");
}

#[test]
fn twelve_special_characters() {
    let fields = [
        ("Message", "Hello & goodbye! @#$%^*()"),
        ("From", "+1 (415) 867-5309"),
        ("Special", "unicode: ñáéíóú"),
    ];
    check(URL, &fields, "dCPiR4WtQ6QFN6pJh81CtlCcWLQ=");
}

#[test]
fn thirteen_and_fourteen_body_hash_in_the_query() {
    check(&format!("{URL}&bodySHA256={HASH}"), &[], "a9nBmqA0ju/hNViExpshrM61xv4=");
    let url = format!("https://mycompany.com/myapp.php?bodySHA256={HASH}");
    check(&url, &[], "y77kIzt2vzLz71DgmJGsen2scGs=");
}

#[test]
fn fifteen_status_callback() {
    let fields = [
        ("AccountSid", "AC00000000000000000000000000000001"),
        ("ApiVersion", "2010-04-01"),
        ("ErrorCode", "30003"),
        ("From", "NEPALAPP"),
        ("MessageSid", "SM00000000000000000000000000000001"),
        ("MessageStatus", "undelivered"),
        ("RawDlrDoneDate", "2611221345"),
        ("SmsSid", "SM00000000000000000000000000000001"),
        ("SmsStatus", "undelivered"),
        ("To", "+9779841234567"),
    ];
    let url = "https://sms.example.com/webhooks/twilio/status?mid=0190f5fe-7c1a-7d3e-9a52-2f6f0a1c9b11";
    assert_eq!(sign(LONG_TOKEN, url, &fields), "elEVbCyCrE1y0SPivFm4xYV5S8Q=");
}

#[test]
fn sixteen_inbound_message() {
    let fields = [
        ("AccountSid", "AC00000000000000000000000000000001"),
        ("ApiVersion", "2010-04-01"),
        ("Body", "नमस्ते! STOP"),
        ("From", "whatsapp:+9779841234567"),
        ("MessageSid", "SM00000000000000000000000000000002"),
        ("NumMedia", "0"),
        ("NumSegments", "1"),
        ("ProfileName", "राम"),
        ("SmsMessageSid", "SM00000000000000000000000000000002"),
        ("SmsSid", "SM00000000000000000000000000000002"),
        ("SmsStatus", "received"),
        ("To", "whatsapp:+14155238886"),
        ("WaId", "9779841234567"),
    ];
    let url = "https://sms.example.com/webhooks/twilio/inbound";
    assert_eq!(sign(LONG_TOKEN, url, &fields), "Zxyh2E7JuTzlPb4Cn0sDPeW3X6Y=");
}

#[test]
fn twenty_and_twenty_one_whatsapp_status_callbacks() {
    let url = "https://sms.example.com/webhooks/twilio/status?mid=0190f5fe-7c1a-7d3e-9a52-2f6f0a1c9b11";
    let common = [
        ("AccountSid", "AC00000000000000000000000000000001"),
        ("ApiVersion", "2010-04-01"),
        ("ChannelInstallSid", "XE00000000000000000000000000000001"),
        ("ChannelPrefix", "whatsapp"),
        ("ChannelToAddress", "+977984123XXXX"),
        ("From", "whatsapp:+14155238886"),
        ("To", "whatsapp:+9779841234567"),
        ("MessageSid", "MM00000000000000000000000000000009"),
        ("SmsSid", "MM00000000000000000000000000000009"),
    ];
    let signed = |more: &[(&'static str, &'static str)]| sign(LONG_TOKEN, url, &[&common, more].concat());
    let read = [("EventType", "READ"), ("MessageStatus", "read"), ("SmsStatus", "read")];
    assert_eq!(signed(&read), "yf/DRoq3dBIiLg2EEtHVOnwEDso=");
    let undelivered = [
        ("EventType", "UNDELIVERED"),
        ("MessageStatus", "undelivered"),
        ("SmsStatus", "undelivered"),
        ("ErrorCode", "63049"),
        ("ChannelStatusMessage", ""),
    ];
    assert_eq!(signed(&undelivered), "kzAmTuUtUPrthCzCreaMnnvgvc0=");
}
