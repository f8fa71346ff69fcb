//! Properties of every text and every spelling.

use proptest::{collection::vec, prelude::*, sample::select};
use rlibphonenumber::PHONE_NUMBER_UTIL;

use super::*;

/// Pieces that a parser of phone numbers treats specially.
const PIECES: [&str; 40] = [
    "9807969278",
    "984",
    "0",
    "00",
    "977",
    "+977",
    "+",
    "＋",
    "(0)",
    "-",
    " ",
    ".",
    "/",
    " / ",
    "x",
    " ext ",
    ";ext=",
    ";phone-context=",
    "example.com",
    ";isub=",
    "tel:",
    "sms:",
    ",",
    ";",
    "#",
    "*",
    "~",
    "\0",
    "\n",
    "\t",
    "\\",
    "९८",
    "٠",
    "９",
    "\u{200E}",
    "\u{200B}",
    "\u{AD}",
    "abc",
    "वा",
    "😀",
];
/// Ranges of mobile numbers, without the trunk 0.
const PREFIXES: [&str; 8] = ["984", "985", "986", "974", "980", "981", "982", "961"];

fn pieces() -> impl Strategy<Value = String> {
    vec(select(&PIECES[..]), 0..9).prop_map(|pieces| pieces.concat())
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), pieces(), "[0-9+ ()./-]{0,24}", "[०-९0-9 -]{0,20}"]
}

fn region() -> impl Strategy<Value = Region> {
    let codes = vec!["NP", "none", "IN", "US", "DE", "IT", "AR", "MX", "BR", "AU"];
    select(codes).prop_map(|code| code.parse().unwrap())
}

fn mobile() -> impl Strategy<Value = String> {
    (select(&PREFIXES[..]), "[0-9]{7}").prop_map(|(prefix, rest)| format!("{prefix}{rest}"))
}

/// Groups digits from the right. The last length applies to all further groups.
fn thousands(digits: &str, lengths: &[usize]) -> String {
    let (mut left, mut groups) = (digits, Vec::new());
    let mut lengths = lengths.iter().copied().chain(std::iter::repeat(*lengths.last().unwrap()));
    while !left.is_empty() {
        let (more, group) = left.split_at(left.len().saturating_sub(lengths.next().unwrap()));
        groups.insert(0, group);
        left = more;
    }
    groups.join(",")
}

fn in_digits(text: &str, digits: &str) -> String {
    let digits: Vec<char> = digits.chars().collect();
    text.chars().map(|c| c.to_digit(10).map_or(c, |d| digits[d as usize])).collect()
}

/// Another spelling of a number.
fn spelling(national: &str, country: &str, gap: &str, digits: &str, around: (&str, &str)) -> String {
    let (area, rest) = national.split_at(3);
    let written = in_digits(&format!("{country}{area}{gap}{rest}"), digits);
    format!("{}{written}{}", around.0, around.1)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_text_is_read_without_panic_and_both_functions_agree(raw in text(), region in region()) {
        let phone = normalise(&raw, region);
        let told = describe(&raw, region);
        prop_assert_eq!(phone.err(), told.reason);
        prop_assert_eq!(told.valid, told.e164.is_some());
        if let Ok(phone) = phone {
            prop_assert_eq!(told.e164.as_deref(), Some(phone.e164.as_str()));
        }
    }

    #[test]
    fn normalising_twice_changes_nothing(raw in text(), region in region(), other in region()) {
        if let Ok(phone) = normalise(&raw, region) {
            let again = normalise(phone.e164.as_str(), other);
            prop_assert_eq!(again, Ok(Phone { changed: false, ..phone }));
            prop_assert_eq!(E164::parse(phone.e164.as_str()), Ok(phone.e164));
        }
    }

    /// Our own assembly of the E.164 form and the removal of marks do not change the decision of the library.
    #[test]
    fn the_library_decides(raw in text(), region in region()) {
        prop_assume!(!raw.contains(";phone-context="));
        let number = PHONE_NUMBER_UTIL.parse(&raw, region.libphonenumber()).ok();
        let valid = number.filter(|number| PHONE_NUMBER_UTIL.is_valid_number(number));
        if damage::is_damaged(&visible(&raw)) {
            prop_assert!(normalise(&raw, region).is_err(), "{:?}", raw);
        } else if let Some(number) = valid {
            prop_assert_eq!(describe(&raw, region).e164, Some(number.to_string()));
            if let Ok(phone) = normalise(&raw, region) {
                let country = PHONE_NUMBER_UTIL.get_region_for_number(&number).and_then(CountryCode::of);
                prop_assert_eq!(phone.e164.country(), country);
            }
        } else if let Ok(phone) = normalise(&raw, region) {
            let repaired = !raw.is_ascii() || raw.contains(',') || raw.contains(char::is_alphabetic)
                || raw.chars().filter(char::is_ascii_digit).count() >= 14;
            prop_assert!(repaired, "only marks, notes, commas and repetitions are repaired: {:?} {:?}", raw, phone);
        }
    }

    #[test]
    fn every_spelling_is_one_number(
        national in mobile(),
        country in select(vec!["", "0", "977", "+977", "+977 ", "+977-", "00977", "00 977 ", "+977 (0) ", "(977) "]),
        gap in select(vec!["", " ", "-", ".", "\u{A0}", "–", "\u{200D}", "\u{202A}", ") "]),
        digits in select(vec!["0123456789", "०१२३४५६७८९", "０１２３４５６７８９"]),
        around in select(vec![("", ""), (" ", "\n"), ("\u{200E}", "\u{202C}"), ("tel:", ""), ("(", ")")]),
    ) {
        let raw = spelling(&national, country, gap, digits, around);
        let expected = format!("+977{national}");
        let phone = normalise(&raw, Region::NEPAL);
        prop_assert_eq!(phone.as_ref().map(|phone| phone.e164.as_str()), Ok(expected.as_str()), "{:?}", raw);
    }

    #[test]
    fn two_mobiles_are_never_one(
        first in mobile(),
        second in mobile(),
        between in select(vec![" ", "/", " / ", ",", ", ", ";", "\n", " or ", " वा ", " र ", "|", " & ", " ext ", " x "]),
    ) {
        let raw = format!("{first}{between}{second}");
        prop_assert_eq!(normalise(&raw, Region::NEPAL), Err(Rejection::MultipleNumbers), "{:?}", raw);
    }

    #[test]
    fn one_mobile_twice_is_one_number(
        national in mobile(),
        first in select(vec!["", "0", "+977", "+977 ", "00977"]),
        second in select(vec!["", "0", "+977", "+977 ", "00977"]),
        between in select(vec![" ", "/", " / ", ",", ", ", ";", "\n", " or ", " वा ", " र ", "|", " & ", " ext "]),
    ) {
        let raw = format!("{first}{national}{between}{second}{national}");
        let expected = format!("+977{national}");
        let phone = normalise(&raw, Region::NEPAL);
        prop_assert_eq!(phone.as_ref().map(|phone| phone.e164.as_str()), Ok(expected.as_str()), "{:?}", raw);
    }

    /// A valid number after a float conversion or a number format is never read as a number.
    #[test]
    fn a_number_rendered_as_a_float_is_refused(
        national in mobile(),
        country in select(vec!["", "977"]),
        lost in 0..3_usize,
        decimals in 1..8_usize,
        places in 0..12_usize,
        digits in select(vec!["0123456789", "०१२३४५६७८९", "０１２３４５６７８９"]),
        around in select(vec![("", ""), (" ", "\n"), ("\u{200E}", "\u{202C}"), ("tel:", ""), ("Ram ", " (Ncell)"), ("+", "")]),
    ) {
        let whole = format!("{country}{}", &national[..national.len() - lost]);
        let value: f64 = whole.parse().unwrap();
        for rendering in [
            format!("{value:e}"),
            format!("{value:E}"),
            format!("{value:.places$e}"),
            format!("{value:.places$E}").replace('E', "E+"),
            format!("{value:.places$e}").replace('.', ","),
            format!("{value:.decimals$}"),
            format!("{value:?}"),
            format!("{whole}.0"),
            format!("{whole}.5"),
            format!("0{whole}.0"),
            thousands(&whole, &[3]),
            thousands(&whole, &[3, 2]),
            thousands(&whole, &[3]) + ".0",
            thousands(&whole, &[3]).replace(',', " ") + ".00",
            serde_json::Number::from_f64(value).unwrap().to_string(),
        ] {
            let raw = format!("{}{}{}", around.0, in_digits(&rendering, digits), around.1);
            prop_assert_eq!(normalise(&raw, Region::NEPAL), Err(Rejection::Damaged), "{:?}", raw);
        }
    }

    #[test]
    fn a_json_number_with_a_fraction_is_refused(value in 1e6..1e13_f64, whole in 1_000_000..10_u64.pow(13)) {
        let fraction = format!("{}.{}", whole / 1_000_000_000, whole % 1_000_000_000);
        for raw in [format!("{value:?}"), format!("{value:e}"), fraction] {
            prop_assert_eq!(normalise(&of_json_number(&raw), Region::NEPAL), Err(Rejection::Damaged), "{}", raw);
        }
    }

    #[test]
    fn a_mask_hides_the_middle(national in mobile()) {
        let number = E164::parse(&format!("+977{national}")).unwrap();
        for shown in [number.to_string(), format!("{number:?}"), number.masked()] {
            prop_assert_eq!(&shown, &format!("+977••••••••{}", &national[8..]));
        }
    }

    #[test]
    fn escapes_round_trip(text in any::<String>(), piece in pieces()) {
        for text in [text, piece] {
            let line = escape::escape(&text);
            prop_assert!(!line.contains(['\t', '\n', '\r', '\0']));
            prop_assert_eq!(escape::unescape(&line).unwrap(), text.as_str());
        }
    }
}
