//! Compares our reading of 3,150 written forms of all regions with expected values (Python phonenumbers 9.0.43) and with
//! a second, independent library.

use phonenumber::country;
use shared::phone::{Description, Region, Rejection, describe, escape::unescape, normalise};

const VECTORS: &str = include_str!("data/phone-vectors.tsv");

struct Vector {
    input: String,
    region: String,
    e164: &'static str,
    valid: bool,
    line_type: &'static str,
}

impl Vector {
    /// Columns: input with escapes, default region, E.164, validity, type.
    fn read(line: &'static str) -> Self {
        let columns: Vec<&'static str> = line.split('\t').collect();
        let [input, region, e164, valid, line_type] = columns[..] else { panic!("five columns: {line}") };
        let input = unescape(input).expect("known escapes").into_owned();
        Self { input, region: region.to_owned(), e164, valid: valid == "true", line_type }
    }

    fn region(&self) -> Region {
        let code = if self.region.is_empty() { "none" } else { &self.region };
        code.parse().expect("a known region")
    }

    fn describe(&self) -> Description {
        describe(&self.input, self.region())
    }
}

fn vectors() -> Vec<Vector> {
    let lines = VECTORS.split('\n').skip(2).filter(|line| !line.is_empty());
    let vectors: Vec<_> = lines.map(Vector::read).collect();
    assert_eq!(vectors.len(), 3150);
    vectors
}

/// Validity and type on every row, and E.164 on the valid ones, without exceptions.
#[test]
fn every_vector_agrees() {
    for vector in vectors() {
        let told = vector.describe();
        let at = (&vector.input, &vector.region);
        assert_eq!(told.valid, vector.valid, "{at:?}");
        assert_eq!(told.line_type, vector.line_type, "{at:?}");
        assert_eq!(told.e164.unwrap_or_default(), if vector.valid { vector.e164 } else { "" }, "{at:?}");
    }
}

/// Valid vectors are refused only for their type. Our own checks do not refuse any vector.
#[test]
fn valid_vectors_are_refused_for_their_type_only() {
    for vector in vectors().iter().filter(|vector| vector.valid) {
        let expected = match vector.line_type {
            "MOBILE" | "FIXED_LINE_OR_MOBILE" => None,
            "FIXED_LINE" => Some(Rejection::Landline),
            _ => Some(Rejection::NotTextable),
        };
        assert_eq!(vector.describe().reason, expected, "{:?} {}", vector.input, vector.region);
    }
}

#[test]
fn invalid_vectors_have_a_reason() {
    for vector in vectors().iter().filter(|vector| !vector.valid) {
        let reason = vector.describe().reason.expect("a reason");
        let of_the_text = !matches!(reason, Rejection::Landline | Rejection::NotTextable);
        assert!(of_the_text && reason != Rejection::CountryNotAllowed, "{:?}", vector.input);
    }
}

/// The second opinion: the `phonenumber` crate, independent code on libphonenumber's metadata 9.0.33.
fn second_opinion(input: &str, region: &str) -> Option<String> {
    let number = phonenumber::parse(region.parse::<country::Id>().ok(), input).ok()?;
    number.is_valid().then(|| number.format().mode(phonenumber::Mode::E164).to_string())
}

/// How the second opinion differs, and why our reading is right.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum Difference {
    /// It knows ASCII digits and blanks only.
    Unicode,
    /// It accepts invalid numbers (too long, unassigned range).
    Accepts,
    /// It refuses valid numbers: leading zeros lost (Italy, Gabon, …), RFC 3966 parameters, other plans.
    Refuses,
    /// Both accept it, but it reads another number: it strips the default region's trunk prefix from a `+` number, or
    /// reads digits of the national number as a country code.
    OtherNumber,
}

fn difference(vector: &Vector) -> Option<Difference> {
    let ours = vector.describe().e164;
    match (&ours, second_opinion(&vector.input, &vector.region)) {
        (Some(ours), Some(theirs)) if *ours == theirs => None,
        (None, None) => None,
        _ if !vector.input.is_ascii() => Some(Difference::Unicode),
        (Some(_), Some(_)) => Some(Difference::OtherNumber),
        (Some(_), None) => Some(Difference::Refuses),
        (None, Some(_)) => Some(Difference::Accepts),
    }
}

#[test]
fn the_second_opinion_agrees_except_for_known_classes() {
    let differences: Vec<Difference> = vectors().iter().filter_map(difference).collect();
    let of = |class| differences.iter().filter(|difference| **difference == class).count();
    let classes = [Difference::Unicode, Difference::Accepts, Difference::Refuses, Difference::OtherNumber];
    let counts = classes.map(|class| (class, of(class)));
    assert!(differences.len() <= 315, "agreement under 90 %: {counts:?}");
    assert!(of(Difference::Accepts) <= 9, "{counts:?}");
    assert!(of(Difference::Refuses) <= 24, "{counts:?}");
    assert!(of(Difference::OtherNumber) <= 3, "{counts:?}");
}

/// ASCII forms of Nepal around a national number.
fn nepal_forms(national: &str) -> Vec<String> {
    let (area, rest) = national.split_at(3);
    let (middle, end) = rest.split_at(3);
    let countries = ["", "0", "977", "+977", "+977 ", "+977-", "00977", "+977 (0) "];
    let bodies = [
        national.to_owned(),
        format!("{area}-{rest}"),
        format!("{area} {middle} {end}"),
        format!("{area}.{middle}.{end}"),
        format!("({area}) {rest}"),
    ];
    countries.iter().flat_map(|country| bodies.iter().map(move |body| format!("{country}{body}"))).collect()
}

/// A fixed sample of the mobile ranges, assigned or not.
fn nepal_numbers() -> impl Iterator<Item = String> {
    (960..1000)
        .chain([900])
        .flat_map(|range| [0, 1_234_567, 7_969_278, 9_999_999].map(|rest| format!("{range}{rest:07}")))
}

/// The form of Nepal that the second opinion cannot read: `+977980-7969278`, with the country code and the first group
/// together.
fn glued(raw: &str) -> bool {
    raw.strip_prefix("+977").is_some_and(|rest| {
        rest.len() > 3 && rest[..3].bytes().all(|b| b.is_ascii_digit()) && rest[3..].starts_with(['-', '.'])
    })
}

#[test]
fn both_opinions_agree_on_generated_forms_of_nepal() {
    for raw in nepal_numbers().flat_map(|national| nepal_forms(&national)) {
        let ours = describe(&raw, Region::NEPAL).e164;
        match second_opinion(&raw, "NP") {
            None if glued(&raw) => {}
            theirs => assert_eq!(ours, theirs, "{raw:?}"),
        }
    }
}

#[test]
fn generated_mobiles_keep_their_digits() {
    for national in nepal_numbers() {
        let readings: Vec<_> =
            nepal_forms(&national).iter().map(|raw| normalise(raw, Region::NEPAL).map(|p| p.e164)).collect();
        assert!(readings.windows(2).all(|pair| pair[0] == pair[1]), "{national}: {readings:?}");
        if let Ok(e164) = readings[0] {
            assert_eq!(e164.as_str(), format!("+977{national}"));
        }
    }
}
