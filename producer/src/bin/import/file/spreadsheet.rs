//! What a spreadsheet does to numbers.

/// Whether `text` is a number as a spreadsheet or a table of floats writes it: `9.80797E+09`, `9807969278.0`. The
/// first has lost digits; the second would be read with one too many.
pub(crate) fn damaged(text: &str) -> bool {
    let text = text.trim().trim_start_matches(['+', '-']);
    match text.split_once(['E', 'e']) {
        Some((mantissa, exponent)) => decimal(mantissa) && digits(exponent.trim_start_matches(['+', '-'])),
        None => text.split_once(['.', ',']).is_some_and(|(whole, rest)| {
            digits(whole) && !rest.is_empty() && rest.bytes().all(|b| b == b'0')
        }),
    }
}

fn decimal(text: &str) -> bool {
    text.split_once(['.', ',']).map_or(digits(text), |(whole, rest)| digits(whole) && digits(rest))
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_is_told_from_spellings() {
        for text in ["9.8E+09", "9,80797E+09", " 9.80797e9", "1E+10", "9807969278.0", "+9.77981E+12", "42.00"]
        {
            assert!(damaged(text), "{text}");
        }
        for text in [
            "9807969278",
            "980.796.9278",
            "+977 980-7969278",
            "9807969278.",
            "E+09",
            "९.८E+०९",
            "",
            "7e",
            "a1e5",
        ] {
            assert!(!damaged(text), "{text}");
        }
    }
}
