//! Countries of the numbering plans, and the default region of numbers without a country code.

use std::{fmt, str::FromStr};

use rlibphonenumber::{PHONE_NUMBER_UTIL, RegionStr};

/// A country of the numbering plans, by its ISO 3166-1 two-letter code.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CountryCode {
    region: rlibphonenumber::Region,
    text: RegionStr,
}

impl CountryCode {
    /// The two capital letters.
    pub fn as_str(&self) -> &str {
        self.text.as_str()
    }

    /// `None` for plans outside countries.
    pub(super) fn of(region: rlibphonenumber::Region) -> Option<Self> {
        let country = region != rlibphonenumber::Region::World;
        country.then(|| Self { region, text: region.as_region_str() })
    }
}

impl FromStr for CountryCode {
    type Err = InvalidRegion;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        let known = |region: &rlibphonenumber::Region| {
            PHONE_NUMBER_UTIL.get_country_code_for_region(*region).is_some()
        };
        let region = rlibphonenumber::Region::from_code(code.trim()).ok().filter(known);
        region.and_then(Self::of).ok_or_else(|| InvalidRegion(code.trim().chars().take(12).collect()))
    }
}

impl fmt::Display for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The region of numbers without a country code. Without a region only numbers that begin with `+` are read. Parses from
/// a two-letter code or `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Region(Option<CountryCode>);

impl Region {
    /// No region.
    pub const NONE: Self = Self(None);

    /// Nepal, +977.
    pub const NEPAL: Self = Self(Some(CountryCode {
        region: rlibphonenumber::Region::NP,
        text: rlibphonenumber::Region::NP.as_region_str(),
    }));

    /// Its country; `None` without a region.
    pub fn country(self) -> Option<CountryCode> {
        self.0
    }

    /// The region in the library's type.
    pub(super) fn libphonenumber(self) -> Option<rlibphonenumber::Region> {
        self.0.map(|country| country.region)
    }
}

impl FromStr for Region {
    type Err = InvalidRegion;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        if code.trim().eq_ignore_ascii_case("none") {
            return Ok(Self::NONE);
        }
        code.parse().map(|country| Self(Some(country)))
    }
}

impl From<CountryCode> for Region {
    fn from(country: CountryCode) -> Self {
        Self(Some(country))
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_ref().map_or("none", CountryCode::as_str))
    }
}

/// The code is not a country with a numbering plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a country with a numbering plan; give a two-letter code (ISO 3166-1), such as NP")]
pub struct InvalidRegion(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_parse_in_any_case() {
        assert_eq!("np".parse(), Ok(Region::NEPAL));
        assert_eq!(" NP ".parse(), Ok(Region::NEPAL));
        assert_eq!("None".parse(), Ok(Region::NONE));
        assert_eq!(Region::NEPAL.to_string(), "NP");
        assert_eq!(Region::NONE.to_string(), "none");
    }

    #[test]
    fn unknown_codes_are_refused_with_the_expected_form() {
        for code in ["", "N", "NPL", "ZZ", "UK", "001", "नप"] {
            let error = code.parse::<Region>().unwrap_err().to_string();
            assert!(error.contains("two-letter code"), "{error}");
        }
    }
}
