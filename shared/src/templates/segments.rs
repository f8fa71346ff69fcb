//! What a text costs: its segments (3GPP TS 23.038 and 23.040; Twilio docs, "SMS character limit") and their price.

use std::str::FromStr;

/// The alphabet in which a text is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// The GSM 7-bit alphabet with its extension table.
    Gsm7,
    /// UTF-16, if at least one character is not in the GSM alphabet.
    Ucs2,
}

/// The cost of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segments {
    /// The alphabet.
    pub encoding: Encoding,
    /// Septets, or UTF-16 code units.
    pub units: usize,
    /// Segments that are billed; 0 for an empty text.
    pub segments: usize,
}

impl Encoding {
    /// Units that fit into a single segment, and into each segment of a longer text.
    const fn capacity(self) -> (usize, usize) {
        match self {
            Self::Gsm7 => (160, 153),
            Self::Ucs2 => (70, 67),
        }
    }
}

/// The GSM 7-bit basic alphabet, one septet each.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡\
                     ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// The extension table, two septets each.
const EXTENSION: &str = "\u{C}^{}\\[~]|€";

/// Counts the segments of a text. No character is replaced.
pub fn count(text: &str) -> Segments {
    let encoding = if text.chars().all(|c| septets(c).is_some()) { Encoding::Gsm7 } else { Encoding::Ucs2 };
    let widths = text.chars().map(|c| match encoding {
        Encoding::Gsm7 => septets(c).unwrap_or(1),
        Encoding::Ucs2 => c.len_utf16(),
    });
    let (alone, each) = encoding.capacity();
    let units: usize = widths.clone().sum();
    let segments = if units <= alone { units.min(1) } else { fill(widths, each) };
    Segments { encoding, units, segments }
}

fn septets(c: char) -> Option<usize> {
    if BASIC.contains(c) {
        Some(1)
    } else if EXTENSION.contains(c) {
        Some(2)
    } else {
        None
    }
}

/// Counts segments of `capacity` units. A character of two units is not split over two segments.
fn fill(widths: impl Iterator<Item = usize>, capacity: usize) -> usize {
    let (mut segments, mut used) = (1, 0);
    for width in widths {
        if used + width > capacity {
            (segments, used) = (segments + 1, 0);
        }
        used += width;
    }
    segments
}

/// US dollars per segment.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Price(pub f64);

impl FromStr for Price {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let usd: f64 = text.parse().map_err(|_| "not a number")?;
        if usd.is_finite() && usd >= 0.0 { Ok(Self(usd)) } else { Err("not a price") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, encoding: Encoding, units: usize, segments: usize) {
        assert_eq!(count(text), Segments { encoding, units, segments }, "{text}");
    }

    #[test]
    fn latin() {
        for (letters, segments) in [(0, 0), (1, 1), (160, 1), (161, 2), (306, 2), (307, 3)] {
            check(&"a".repeat(letters), Encoding::Gsm7, letters, segments);
        }
    }

    #[test]
    fn the_extension_table_takes_two_septets() {
        check(&"€".repeat(80), Encoding::Gsm7, 160, 1);
        check(&"€".repeat(81), Encoding::Gsm7, 162, 2);
        let a = "a".repeat(152);
        check(&format!("{a}€{a}"), Encoding::Gsm7, 306, 3);
        check("\u{C}^{}\\[~]|€", Encoding::Gsm7, 20, 1);
    }

    #[test]
    fn one_character_outside_the_alphabet_changes_the_whole_text() {
        check("`", Encoding::Ucs2, 1, 1);
        for c in ['“', '’', '—', '\u{A0}', 'ç', 'न'] {
            check(&format!("{}{c}", "a".repeat(70)), Encoding::Ucs2, 71, 2);
        }
    }

    #[test]
    fn devanagari() {
        for (letters, segments) in [(70, 1), (71, 2), (134, 2), (135, 3), (1600, 24)] {
            check(&"न".repeat(letters), Encoding::Ucs2, letters, segments);
        }
        check("नमस्ते", Encoding::Ucs2, 6, 1);
        check("NepalApp मा स्वागत छ! तपाईंको दर्ता सफल भयो।", Encoding::Ucs2, 44, 1);
    }

    #[test]
    fn surrogate_pairs_stay_together() {
        for (emoji, segments) in [(35, 1), (36, 2), (67, 3)] {
            check(&"😀".repeat(emoji), Encoding::Ucs2, 2 * emoji, segments);
        }
    }

    #[test]
    fn the_basic_alphabet_is_complete() {
        assert_eq!(BASIC.chars().count(), 127, "128 places less the escape");
        check(BASIC, Encoding::Gsm7, 127, 1);
    }

    #[test]
    fn a_price_is_a_number_from_zero() {
        assert_eq!("0.15".parse(), Ok(Price(0.15)));
        for bad in ["-1", "NaN", "inf", "cheap", ""] {
            assert!(bad.parse::<Price>().is_err(), "{bad}");
        }
    }
}
