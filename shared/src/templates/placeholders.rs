//! The placeholders of a template: `{{1}}`, `{{name}}`.

use std::collections::{BTreeMap, BTreeSet};

/// A value for each placeholder has a name of at most this many characters (Twilio docs, "Using variables with Content").
pub const LONGEST_NAME: usize = 16;

/// The names of the placeholders in a text, without braces and surrounding spaces.
pub fn names_in(text: &str) -> BTreeSet<&str> {
    parts(text)
        .filter_map(|part| if let Part::Placeholder(name) = part { Some(name) } else { None })
        .collect()
}

/// The text with the values in the place of its placeholders. A placeholder without a value stays.
pub fn filled(text: &str, values: &BTreeMap<String, String>) -> String {
    parts(text).fold(String::with_capacity(text.len()), |mut whole, part| {
        match part {
            Part::Text(text) => whole.push_str(text),
            Part::Placeholder(name) => match values.get(name) {
                Some(value) => whole.push_str(value),
                None => whole.extend(["{{", name, "}}"]),
            },
        }
        whole
    })
}

/// Whether Twilio takes a value under this name: letters, digits and `_` (Twilio's OpenAPI document, content_v1).
pub fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= LONGEST_NAME
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

enum Part<'a> {
    Text(&'a str),
    Placeholder(&'a str),
}

/// The parts of a text. Braces that do not enclose a name are text.
fn parts(text: &str) -> impl Iterator<Item = Part<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        // Of three opening braces, the last two belong to the placeholder.
        let open = rest.find("{{").map(|at| at + rest[at..].bytes().take_while(|b| *b == b'{').count() - 2);
        let Some(open) = open else { return Some(Part::Text(std::mem::take(&mut rest))) };
        if open > 0 {
            let (before, after) = rest.split_at(open);
            rest = after;
            return Some(Part::Text(before));
        }
        let inner = &rest[2..];
        let name = inner.split_once("}}").filter(|(name, _)| !name.trim().is_empty() && !name.contains('{'));
        if let Some((name, after)) = name {
            rest = after;
            return Some(Part::Placeholder(name.trim()));
        }
        rest = inner;
        Some(Part::Text("{{"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_wherever_they_stand() {
        for (text, names) in [
            ("", &[][..]),
            ("no placeholder", &[]),
            ("{{1}}", &["1"]),
            ("हप्ता {{1}}: {{2}} शुभ दिन।", &["1", "2"]),
            ("{{2}} {{1}} {{2}}", &["1", "2"]),
            ("{{ first_name }}!", &["first_name"]),
            ("{{{1}}}", &["1"]),
            ("{1} {{}} {{ }} {{1", &[]),
            ("{{a {{b}}", &["b"]),
            ("https://aamcare.np/s/{{code}}", &["code"]),
        ] {
            assert_eq!(names_in(text).into_iter().collect::<Vec<_>>(), names, "{text}");
        }
    }

    #[test]
    fn values_take_the_place_of_placeholders() {
        let values = BTreeMap::from([("1".to_owned(), "26".to_owned()), ("2".to_owned(), "राम".to_owned())]);
        assert_eq!(filled("{{1}}: {{ 2 }}, {{3}} {", &values), "26: राम, {{3}} {");
        assert_eq!(filled("{{a {{1}}", &values), "{{a 26");
    }

    #[test]
    fn twilio_takes_short_names_of_letters_digits_and_underscores() {
        for good in ["1", "10", "name", "first_name", "abcdefghijklmnop"] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", "first name", "नाम", "a-b", "abcdefghijklmnopq"] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}
