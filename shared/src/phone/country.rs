//! The countries that may be texted.

use std::str::FromStr;

use super::{CountryCode, InvalidRegion};

/// `ALLOWED_COUNTRIES`: all or the listed countries. Parses from `*` or from codes separated by commas.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum CountryList {
    /// Every country, and numbers without a country.
    #[default]
    Any,
    /// Only these.
    Only(Vec<CountryCode>),
}

impl CountryList {
    /// Whether a number of this country may be texted. `None` is a number without a country.
    pub fn allows(&self, country: Option<CountryCode>) -> bool {
        match self {
            Self::Any => true,
            Self::Only(listed) => country.is_some_and(|country| listed.contains(&country)),
        }
    }
}

impl FromStr for CountryList {
    type Err = InvalidCountryList;

    fn from_str(list: &str) -> Result<Self, Self::Err> {
        if list.trim() == "*" {
            return Ok(Self::Any);
        }
        let codes = list.split(',').map(str::trim).filter(|code| !code.is_empty());
        let listed = codes.map(str::parse).collect::<Result<Vec<_>, _>>()?;
        if listed.is_empty() { Err(InvalidCountryList::Empty) } else { Ok(Self::Only(listed)) }
    }
}

/// Why a list of countries is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCountryList {
    /// The list is empty.
    #[error(
        "the list of countries is empty; give * for all, or two-letter codes separated by commas, such as NP,IN"
    )]
    Empty,
    /// A code is not a country.
    #[error(transparent)]
    Code(#[from] InvalidRegion),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn star_allows_all() {
        let list: CountryList = "*".parse().unwrap();
        assert!(list.allows("NP".parse().ok()) && list.allows(None));
    }

    #[test]
    fn a_list_allows_only_its_countries() {
        let list: CountryList = " np, IN,".parse().unwrap();
        assert!(list.allows("NP".parse().ok()) && list.allows("IN".parse().ok()));
        assert!(!list.allows("US".parse().ok()) && !list.allows(None));
    }

    #[test]
    fn nonsense_is_refused() {
        assert_eq!(" , ".parse::<CountryList>(), Err(InvalidCountryList::Empty));
        assert!("NP,Nepal".parse::<CountryList>().unwrap_err().to_string().contains("\"Nepal\""));
    }
}
