//! The forms in which people type numbers.

mod properties;

use super::*;

fn nepal(raw: &str) -> Result<String, Rejection> {
    normalise(raw, Region::NEPAL).map(|phone| phone.e164.as_str().to_owned())
}

#[test]
fn all_forms_in_nepal_are_one_number() {
    for raw in [
        "9807969278",
        "09807969278",
        "+9779807969278",
        "+977-980-7969278",
        "+977 (0) 9807969278",
        "+977 0 9807969278",
        "009779807969278",
        "00 977 980 7969278",
        "9779807969278",
        "(977) 9807969278",
        "980.796.9278",
        "(980) 7969278",
        "980–7969278",
        "९८०७९६९२७८",
        "०९८०७९६९२७८",
        "+९७७-९८०७९६९२७८",
        "９８０７９６９２７８",
        "＋９７７９８０７９６９２७８",
        "98०7969278",
        "tel:+977-980-7969278",
        "tel:9807969278;phone-context=+977",
        " 9807969278\n",
        "Mobile: 9807969278",
        "'9807969278",
        "9807969278x",
    ] {
        assert_eq!(nepal(raw).as_deref(), Ok("+9779807969278"), "{raw:?}");
    }
}

#[test]
fn invisible_marks_in_a_number_are_removed() {
    let marks = ["\u{200B}", "\u{200C}", "\u{200D}", "\u{200E}", "\u{200F}", "\u{202A}", "\u{202C}"];
    for mark in marks.into_iter().chain(["\u{2066}", "\u{2069}", "\u{2060}", "\u{FEFF}", "\u{AD}"]) {
        let raw = format!("{mark}+977{mark} 980{mark}7969278{mark}");
        assert_eq!(nepal(&raw).as_deref(), Ok("+9779807969278"), "{raw:?}");
    }
}

#[test]
fn only_invisible_marks_are_removed() {
    assert_eq!(visible("\u{200E}+977 980\u{200D}7969278\u{202C}"), "+977 9807969278");
    assert_eq!(visible("९८०-७९६\u{2013}९२७८"), "९८०-७९६\u{2013}९२७८");
}

#[test]
fn plain_text_is_not_copied() {
    assert!(matches!(visible("980-7969278"), Cow::Borrowed(_)));
    assert!(matches!(visible("९८०७९६९२७८"), Cow::Borrowed(_)));
}

#[test]
fn two_numbers_are_refused() {
    for raw in [
        "9807969278 / 9841234567",
        "9807969278/9841234567",
        "9807969278, 9841234567",
        "9807969278;9841234567",
        "9807969278 9841234567",
        "9807969278-9841234567",
        "9807969278\n9841234567",
        "9807969278\t9841234567",
        "9807969278 or 9841234567",
        "9807969278 वा 9841234567",
        "९८०७९६९२७८ / ९८४१२३४५६७",
        "9807969278 (9841234567)",
        "9807969278 ext 9841234567",
        "9807969278 x 984123456",
        "+9779807969278 +9779841234567",
        "+61412345678 ext. 9841234567",
        "call 9741234567 or 9841000000",
        "01-4412345 / 9807969278",
    ] {
        assert_eq!(nepal(raw), Err(Rejection::MultipleNumbers), "{raw:?}");
    }
}

#[test]
fn an_extension_is_not_a_second_number() {
    for raw in ["9807969278 ext 45", "9807969278 x123", "+9779807969278;ext=12", "9807969278 #9"] {
        assert_eq!(nepal(raw).as_deref(), Ok("+9779807969278"), "{raw:?}");
    }
    assert_eq!(nepal("+49151/12345678").as_deref(), Ok("+4915112345678"), "a slash inside one number");
}

#[test]
fn every_refusal_has_its_reason() {
    for (raw, why) in [
        ("", Rejection::Empty),
        (" \t\u{A0}", Rejection::Empty),
        ("\u{200E}\u{FEFF} ", Rejection::Empty),
        ("-", Rejection::NotANumber),
        ("N/A", Rejection::NotANumber),
        ("none", Rejection::NotANumber),
        ("call my husband", Rejection::NotANumber),
        ("😀", Rejection::NotANumber),
        ("\0", Rejection::NotANumber),
        ("98412\u{0}34567", Rejection::NotANumber),
        ("9.8E+09", Rejection::Damaged),
        ("9.807969e+09", Rejection::Damaged),
        ("980-SAMIRA-1", Rejection::NotANumber),
        ("9841234567;phone-context=+977;tel:123", Rejection::NotANumber),
        ("9.84123457E9", Rejection::Damaged),
        ("984123456.0", Rejection::Damaged),
        ("9,841,234,570", Rejection::Damaged),
        ("123", Rejection::TooShort),
        ("+977", Rejection::TooShort),
        ("९८०७", Rejection::TooShort),
        ("4412345", Rejection::TooShort),
        ("984123456", Rejection::TooShort),
        ("98412345", Rejection::TooShort),
        ("+1 555 123", Rejection::TooShort),
        ("98079692785", Rejection::TooLong),
        ("9812345678.0", Rejection::Damaged),
        ("+9779841234567890", Rejection::TooLong),
        ("12345678901234567890", Rejection::TooLong),
        ("9831234567", Rejection::NotAssigned),
        ("9781234567", Rejection::NotAssigned),
        ("9999999999", Rejection::NotAssigned),
        ("+999123456789", Rejection::NotAssigned),
        ("01-4412345", Rejection::Landline),
        ("+97714412345", Rejection::Landline),
        ("061-520123", Rejection::Landline),
        ("+97716600101234", Rejection::NotTextable),
        ("+80012341224", Rejection::NotTextable),
    ] {
        assert_eq!(nepal(raw), Err(why), "{raw:?}");
    }
}

#[test]
fn long_inputs_are_refused_unread() {
    for raw in
        ["9".repeat(10_000), " ".repeat(10_000), format!("9807969278{}", " ".repeat(10_000)), "a".repeat(251)]
    {
        assert_eq!(nepal(&raw), Err(Rejection::TooLong));
    }
    let longest = format!("9807969278{}", " ".repeat(MAX_INPUT_BYTES - 10));
    assert_eq!(nepal(&longest).as_deref(), Ok("+9779807969278"));
}

#[test]
fn without_a_region_only_international_numbers_are_read() {
    let read = |raw| normalise(raw, Region::NONE).map(|phone| phone.e164.as_str().to_owned());
    assert_eq!(read("+9779807969278").as_deref(), Ok("+9779807969278"));
    assert_eq!(read("9807969278"), Err(Rejection::NotANumber));
}

#[test]
fn a_phone_knows_its_country_and_type() {
    let phone = |raw| normalise(raw, Region::NEPAL).unwrap();
    let country = |raw| phone(raw).e164.country().map(|country| country.to_string());
    assert_eq!(country("9807969278").as_deref(), Some("NP"));
    assert_eq!(country("+919876543210").as_deref(), Some("IN"));
    assert_eq!(country("+12042345678").as_deref(), Some("CA"));
    assert_eq!(country("+447400123456").as_deref(), Some("GB"));
    assert_eq!(country("+870301234567"), None);
    assert_eq!(country("+77012345678").as_deref(), Some("KZ"));
    assert_eq!(phone("9807969278").line_type, LineType::Mobile);
    assert_eq!(phone("+14155238886").line_type, LineType::FixedLineOrMobile);
    assert!(phone("9807969278").changed && !phone("+9779807969278").changed);
}

#[test]
fn only_allowed_countries_are_texted() {
    let nepal_only: CountryList = "NP".parse().unwrap();
    let here = normalise("9807969278", Region::NEPAL).unwrap();
    let abroad = normalise("+919876543210", Region::NEPAL).unwrap();
    assert_eq!(check_country(&here.e164, &nepal_only), Ok(()));
    assert_eq!(check_country(&abroad.e164, &nepal_only), Err(Rejection::CountryNotAllowed));
    assert_eq!(check_country(&abroad.e164, &CountryList::Any), Ok(()));
}

#[test]
fn a_description_keeps_validity_and_refusal_apart() {
    let told = |raw| {
        let Description { e164, valid, line_type, reason } = describe(raw, Region::NEPAL);
        (e164, valid, line_type, reason.map(Rejection::as_str))
    };
    let number = |text: &str| Some(text.to_owned());
    assert_eq!(told("9807969278"), (number("+9779807969278"), true, "MOBILE", None));
    assert_eq!(told("01-4412345"), (number("+97714412345"), true, "FIXED_LINE", Some("landline")));
    assert_eq!(told("980-SAMIRA-1"), (number("+9779807264721"), true, "MOBILE", Some("not_a_number")));
    assert_eq!(told("984123456"), (None, false, "UNKNOWN", Some("too_short")));
    assert_eq!(told("abc"), (None, false, "", Some("not_a_number")));
    assert_eq!(told(""), (None, false, "", Some("empty")));
}

#[test]
fn debug_does_not_show_the_number() {
    let phone = normalise("9807969278", Region::NEPAL).unwrap();
    let printed = format!("{phone:?} {:?}", describe("9807969278", Region::NEPAL));
    assert!(!printed.contains("9692") && printed.contains("+977••••••••78"), "{printed}");
}

#[test]
fn rejections_have_distinct_names() {
    let words: std::collections::HashSet<_> = Rejection::ALL.iter().map(|why| why.as_str()).collect();
    assert_eq!(words.len(), Rejection::ALL.len());
}
