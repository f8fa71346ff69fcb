use url::form_urlencoded::Serializer;

use super::*;

const U: &str = "https://mycompany.com/myapp.php?foo=1&bar=2";
const U_HTTP: &str = "http://mycompany.com/myapp.php?foo=1&bar=2";
const HASH: &str = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620";
const JSON: &[u8] = br#"{"property": "value", "boolean": true}"#;
const LONG_TOKEN: &str = "0123456789abcdef0123456789abcdef";

type Fields = Vec<(&'static str, &'static str)>;

const P: &[(&str, &str)] = &[
    ("CallSid", "CA1234567890ABCDE"),
    ("Caller", "+14158675309"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
];

const CALL_BACK: &[(&str, &str)] = &[
    ("ErrorCode", "30003"),
    ("SmsSid", "SM00000000000000000000000000000001"),
    ("SmsStatus", "undelivered"),
    ("MessageStatus", "undelivered"),
    ("To", "+9779841234567"),
    ("MessageSid", "SM00000000000000000000000000000001"),
    ("AccountSid", "AC00000000000000000000000000000001"),
    ("From", "NEPALAPP"),
    ("ApiVersion", "2010-04-01"),
    ("RawDlrDoneDate", "2611221345"),
];

const INBOUND: &[(&str, &str)] = &[
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

fn validator(tokens: &[&str]) -> SignatureValidator {
    let tokens: Vec<SecretString> = tokens.iter().map(|token| (*token).into()).collect();
    SignatureValidator::new(&tokens)
}

fn form(fields: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn p_and(more: &[(&'static str, &'static str)]) -> Fields {
    P.iter().chain(more).copied().collect()
}

/// Address, fields and signature, all with the token `12345`; computed with Twilio's own Python library.
fn vectors() -> Vec<(&'static str, Fields, &'static str)> {
    let mut first = p_and(&[]);
    first[1].1 = "+14158675310";
    first[3].1 = "+14158675310";
    vec![
        ("https://example.com/myapp.php?foo=1&bar=2", first, "L/OH5YylLD5NRKLltdqwSvS0BnU="),
        (U, p_and(&[]), "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        ("https://mycompany.com:443/myapp.php?foo=1&bar=2", p_and(&[]), "kvajT1Ptam85bY51eRf/AJRuM3w="),
        (U_HTTP, p_and(&[]), "OyGYPqTF6ztdbRNCvuQO/oPvqQ4="),
        ("http://mycompany.com:80/myapp.php?foo=1&bar=2", p_and(&[]), "0ZXoZLH/DfblKGATFgpif+LLRf4="),
        ("http://mycompany.com:1234/myapp.php?foo=1&bar=2", p_and(&[]), "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
        (
            U,
            vec![
                ("Sid", "CA123"),
                ("SidAccount", "AC123"),
                ("Digits", "5678"),
                ("Digits", "1234"),
                ("Digits", "1234"),
            ],
            "IK+Dwps556ElfBT0I3Rgjkr1wJU=",
        ),
        (
            U,
            p_and(&[("Reason", "Participant"), ("ReasonConferenceEnded", "test")]),
            "vOEb5UThFn24KEfnOFLQY2AE5FY=",
        ),
        (U, vec![], "zYQTYrRWXE7LtzbG4PfP7/bkkGo="),
        (
            "https://mycompany.com/myapp.php?foo=hello%20world&bar=test%2Bvalue",
            p_and(&[]),
            "er2tvAP1Wx+iuTTE2BPgvEaN1cs=",
        ),
        (
            U,
            vec![("Digits", ""), ("CallSid", "CA1234567890ABCDE"), ("EmptyParam", "")],
            "9HHp/OqQMEwdrVebHDdA/+tqjX8=",
        ),
        (
            U,
            vec![
                ("Message", "Hello & goodbye! @#$%^*()"),
                ("From", "+1 (415) 867-5309"),
                ("Special", "unicode: ñáéíóú"),
            ],
            "dCPiR4WtQ6QFN6pJh81CtlCcWLQ=",
        ),
    ]
}

#[test]
fn the_form_vectors_hold_and_fail_when_touched() {
    let short = validator(&["12345"]);
    for (number, (url, fields, signature)) in (1..).zip(vectors()) {
        let body = form(&fields);
        assert!(short.verify_form(url, body.as_bytes(), signature.as_bytes()), "vector {number}");
        let more = format!("{body}&Extra=1");
        assert!(
            !short.verify_form(url, more.as_bytes(), signature.as_bytes()),
            "vector {number} with a field more"
        );
        let longer = format!("{url}&x=1");
        assert!(
            !short.verify_form(&longer, body.as_bytes(), signature.as_bytes()),
            "vector {number}, other query"
        );
        assert!(
            !validator(&["12346"]).verify_form(url, body.as_bytes(), signature.as_bytes()),
            "vector {number}"
        );
    }
}

#[test]
fn the_vectors_of_message_webhooks_hold() {
    let long = validator(&[LONG_TOKEN]);
    let status = "https://sms.example.com/webhooks/twilio/status?mid=0190f5fe-7c1a-7d3e-9a52-2f6f0a1c9b11";
    assert!(long.verify_form(status, form(CALL_BACK).as_bytes(), b"elEVbCyCrE1y0SPivFm4xYV5S8Q="));
    let inbound = "https://sms.example.com/webhooks/twilio/inbound";
    assert!(long.verify_form(inbound, form(INBOUND).as_bytes(), b"Zxyh2E7JuTzlPb4Cn0sDPeW3X6Y="));
}

#[test]
fn the_vectors_of_other_bodies_hold() {
    let short = validator(&["12345"]);
    let thirteen = format!("{U}&bodySHA256={HASH}");
    let fourteen = format!("https://mycompany.com/myapp.php?bodySHA256={HASH}");
    for (url, signature) in
        [(thirteen, b"a9nBmqA0ju/hNViExpshrM61xv4="), (fourteen, b"y77kIzt2vzLz71DgmJGsen2scGs=")]
    {
        assert!(short.verify_raw(&url, JSON, signature));
        assert!(!short.verify_raw(&url, b"{}", signature), "another body");
        assert!(!short.verify_raw(&url, JSON, b"zYQTYrRWXE7LtzbG4PfP7/bkkGo="), "another signature");
    }
    assert!(!short.verify_raw(U, JSON, b"zYQTYrRWXE7LtzbG4PfP7/bkkGo="), "signed, but the body is not bound");
}

#[test]
fn ports_are_tolerated() {
    let short = validator(&["12345"]);
    let body = form(P);
    let signed_with_443 = b"kvajT1Ptam85bY51eRf/AJRuM3w=";
    let signed_without = b"RSOYDt4T1cUTdK1PDd93/VVr8B8=";
    assert!(short.verify_form(U, body.as_bytes(), signed_with_443));
    for port in [1234, 443] {
        let url = format!("https://mycompany.com:{port}/myapp.php?foo=1&bar=2");
        assert!(short.verify_form(&url, body.as_bytes(), signed_without), "{port}");
    }
    assert!(!short.verify_form(U_HTTP, body.as_bytes(), signed_without), "the scheme is not");
}

#[test]
fn any_of_several_tokens_will_do_and_none_will_not() {
    let body = form(P);
    let signature = b"RSOYDt4T1cUTdK1PDd93/VVr8B8=";
    assert!(validator(&["old", " 12345\n"]).verify_form(U, body.as_bytes(), signature));
    assert!(validator(&["12345", "new"]).verify_form(U, body.as_bytes(), signature));
    assert!(!validator(&["old", "new"]).verify_form(U, body.as_bytes(), signature));
    assert!(!validator(&[]).verify_form(U, body.as_bytes(), signature));
    assert!(!validator(&["", " "]).verify_form(U, body.as_bytes(), signature));
}

#[test]
fn malformed_signatures_and_bodies_are_refused_quietly() {
    let short = validator(&["12345"]);
    let cut: &[u8] = b"RSOYDt4T1cUTdK1PDd93";
    for signature in [b"".as_slice(), b"=", b"not base64!", b"\xff\xfe", cut, b"RSOYDt4T1cUTdK1PDd93/VVr8B8"]
    {
        assert!(!short.verify_form(U, form(P).as_bytes(), signature), "{signature:?}");
    }
    for body in [b"\xff%zz&&==%".as_slice(), b"%", b"a=%00%ff", &[0; 4096]] {
        assert!(!short.verify_form(U, body, b"RSOYDt4T1cUTdK1PDd93/VVr8B8="));
    }
}

#[test]
fn what_we_sign_is_what_twilio_would() {
    let token = SecretString::from(LONG_TOKEN);
    let signature = sign_form(&token, U, P).unwrap();
    let body: String = Serializer::new(String::new()).extend_pairs(P).finish();
    let validator = SignatureValidator::new([&token]);
    assert!(validator.verify_form(U, body.as_bytes(), signature.as_bytes()));
    assert!(!validator.verify_form(U_HTTP, body.as_bytes(), signature.as_bytes()));
}
