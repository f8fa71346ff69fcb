//! What a message costs.

use std::str::FromStr;

/// US dollars for one segment.
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

    #[test]
    fn prices_are_not_negative() {
        assert_eq!("0.15".parse(), Ok(Price(0.15)));
        for bad in ["-1", "NaN", "inf", "cheap", ""] {
            assert!(bad.parse::<Price>().is_err(), "{bad}");
        }
    }
}
