//! Reads texts that contain exactly one number although the library does not read them: a note after the number, the
//! same number twice, commas between its groups.

use super::{Assessment, Region, Rejection, ambiguity::separates, assess};

/// Fewer digits than this are not a phone number.
const DIGITS_OF_A_NUMBER: usize = 7;
/// Notes in brackets that name the kind of line. Other notes in brackets may name the owner of the number.
const LINES: [&str; 26] = [
    "ncell",
    "ntc",
    "nt",
    "nepal telecom",
    "namaste",
    "smart",
    "smart cell",
    "smartcell",
    "utl",
    "hello",
    "cdma",
    "gsm",
    "home",
    "house",
    "work",
    "office",
    "mobile",
    "mob",
    "cell",
    "phone",
    "whatsapp",
    "viber",
    "imo",
    "घर",
    "मोबाइल",
    "अफिस",
];

/// Another reading of a text whose first reading `found` was rejected; `None` if there is none.
pub(super) fn reread(
    text: &str,
    found: &Result<Assessment, Rejection>,
    region: Region,
) -> Option<Result<Assessment, Rejection>> {
    let (why, valid) = match found {
        Ok(Assessment { reading, refusal }) => ((*refusal)?, reading.is_valid()),
        Err(why) => (*why, false),
    };
    match why {
        Rejection::MultipleNumbers => {
            let one = repeated(text, region)?;
            let read = found.as_ref().ok().filter(|_| valid).and_then(|assessed| assessed.reading.e164());
            (read.is_none() || read == one.reading.e164()).then_some(Ok(one))
        }
        _ if valid => None,
        _ => before_note(text).map(|number| one(number, region)).or_else(|| {
            let joined = without_commas(text)?;
            assess(&joined, region).ok().filter(|assessed| assessed.reading.is_valid()).map(Ok)
        }),
    }
}

fn one(number: &str, region: Region) -> Result<Assessment, Rejection> {
    let found = assess(number, region);
    match found {
        Err(Rejection::MultipleNumbers)
        | Ok(Assessment { refusal: Some(Rejection::MultipleNumbers), .. }) => {
            repeated(number, region).map_or(found, Ok)
        }
        found => found,
    }
}

/// The number, if every part of the text is the same number, in any spelling.
fn repeated(text: &str, region: Region) -> Option<Assessment> {
    let spaces = |c: char| separates(c) || c.is_whitespace();
    let splits: [&dyn Fn(char) -> bool; 3] = [&separates, &spaces, &|c| !c.is_numeric()];
    splits.into_iter().find_map(|split| {
        let mut parts = parts(text, split);
        parts.retain(|part| digits(part) > 0);
        if parts.len() < 2 || parts.iter().any(|part| digits(part) < DIGITS_OF_A_NUMBER) {
            return None;
        }
        let mut numbers = parts
            .into_iter()
            .map(|part| assess(part, region).ok().filter(|assessed| assessed.refusal.is_none()));
        let first = numbers.next()??;
        let e164 = first.reading.e164();
        numbers.all(|other| other.is_some_and(|other| other.reading.e164() == e164)).then_some(first)
    })
}

/// The parts between separators. A plus begins the next part.
fn parts<'t>(text: &'t str, split: &dyn Fn(char) -> bool) -> Vec<&'t str> {
    let (mut parts, mut start) = (Vec::new(), 0);
    for (at, c) in text.char_indices() {
        let plus = matches!(c, '+' | '＋');
        // A country code that is separated from its number.
        let code = text[start..at].starts_with(['+', '＋']) && digits(&text[start..at]) <= 3;
        if plus || split(c) && !code {
            parts.push(&text[start..at]);
            start = if plus { at } else { at + c.len_utf8() };
        }
    }
    parts.push(&text[start..]);
    parts
}

/// The text before a note. A note is words without digits after a blank, a bracket or another mark.
fn before_note(text: &str) -> Option<&str> {
    let (last, c) = text.char_indices().rev().find(|(_, c)| c.is_numeric())?;
    let (number, note) = text.split_at(last + c.len_utf8());
    let words = note.trim_start_matches(|c: char| c.is_whitespace() || "-–—,./:;|".contains(c));
    let apart = words.len() < note.len() || note.starts_with(['(', '[', '（']);
    let worded = words.chars().any(char::is_alphabetic) && !words.contains(['+', '=', '#', '*', ';', '@']);
    let told = match words.strip_prefix(['(', '[', '（']) {
        None => true,
        Some(inner) => {
            let inner = inner.trim().trim_end_matches([')', ']', '）']).trim().to_lowercase();
            LINES.contains(&inner.as_str())
        }
    };
    (apart && worded && told && digits(number) >= DIGITS_OF_A_NUMBER).then_some(number)
}

/// Joins groups such as `984,123,4567`. The library reads the text after a comma as an extension, or refuses the text.
fn without_commas(text: &str) -> Option<String> {
    let plain =
        |c: char| c.is_numeric() || matches!(c, ' ' | ',' | '.' | '-' | '+' | '(' | ')' | '\u{A0}' | '，');
    let comma = |c: char| matches!(c, ',' | '，');
    let mut groups = text.split(comma).map(digits);
    let first = groups.next()?;
    let ordinary = (1..5).contains(&first) && text.chars().all(plain);
    let grouped = text.contains(comma) && groups.all(|group| (2..=DIGITS_OF_A_NUMBER).contains(&group));
    (ordinary && grouped).then(|| text.replace(comma, " "))
}

fn digits(text: &str) -> usize {
    text.chars().filter(|c| c.is_numeric()).count()
}

#[cfg(test)]
mod tests {
    use super::super::normalise;
    use super::*;

    fn nepal(raw: &str) -> Result<String, Rejection> {
        normalise(raw, Region::NEPAL).map(|phone| phone.e164.as_str().to_owned())
    }

    #[test]
    fn a_note_after_a_number_is_ignored() {
        for raw in [
            "9801234567 (Ncell)",
            "9801234567(home)",
            "9801234567 Ram",
            "9801234567 home",
            "9801234567 - my husband's",
            "9801234567, Ram Bahadur",
            "9801234567 नमस्ते",
            "९८०१२३४५६७ (घर)",
            "+977 980-1234567 Ram (Ncell)",
            "Ram 9801234567 home",
            "9801234567 / 9801234567 Ram",
            "9801234567 9801234567 राम",
        ] {
            assert_eq!(nepal(raw).as_deref(), Ok("+9779801234567"), "{raw:?}");
        }
        assert_eq!(nepal("01-4412345 home"), Err(Rejection::Landline));
        assert_eq!(nepal("980123456 Ram"), Err(Rejection::TooShort));
        assert_eq!(nepal("9801234567 Ram 9841234567"), Err(Rejection::MultipleNumbers));
    }

    #[test]
    fn letters_that_may_be_digits_are_not_a_note() {
        for raw in ["980-SAMIRA-1", "9801234 Ram", "9801234567abc", "9801234567 (Ram)", "9801234567 Ram 2"] {
            assert_eq!(nepal(raw), Err(Rejection::NotANumber), "{raw:?}");
        }
    }

    #[test]
    fn the_same_number_twice_is_one_number() {
        for raw in [
            "9841234567, 9841234567",
            "+9779841234567 / 9841234567",
            "9841234567 / 984-123-4567",
            "984 123 4567 / +977 984 1234567",
            "९८४१२३४५६७ / 9841234567",
            "9841234567 9841234567",
            "9841234567-9841234567",
            "9841234567 (9841234567)",
            "+9779841234567 +9779841234567",
            "9841234567;9841234567;09841234567",
            "9841234567 or 9841234567",
            "9841234567 ext 9841234567",
        ] {
            assert_eq!(nepal(raw).as_deref(), Ok("+9779841234567"), "{raw:?}");
        }
        for raw in [
            "9841234567 / 9841234568",
            "9841234567 / 984123456",
            "9841234567 / 9841234567 / 9801234567",
            "9841234567 / 9841234567 / 12345",
        ] {
            assert_eq!(nepal(raw), Err(Rejection::MultipleNumbers), "{raw:?}");
        }
    }

    #[test]
    fn commas_between_groups_are_read() {
        for raw in ["984,123,4567", "984, 1234567", "98,41,23,45,67", "+977,984,123,4567"] {
            assert_eq!(nepal(raw).as_deref(), Ok("+9779841234567"), "{raw:?}");
        }
    }
}
