//! The category of a template, which Meta decides, and its price.

use std::{fmt, str::FromStr};

use super::segments::Price;

/// What Meta takes a template for. Meta may change it at any time after the approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Category {
    /// About something that the user asked for or subscribed to.
    Utility,
    /// Everything else.
    Marketing,
    /// One-time codes.
    Authentication,
}

impl Category {
    /// Every category.
    pub const ALL: [Self; 3] = [Self::Utility, Self::Marketing, Self::Authentication];

    /// The name in settings, in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Utility => "utility",
            Self::Marketing => "marketing",
            Self::Authentication => "authentication",
        }
    }

    /// Reads the name as Twilio writes it, such as `UTILITY`. `TRANSACTIONAL` is the former name of utility (Twilio's
    /// OpenAPI document, content_v1). `None`: a category of a later time, or none yet.
    pub fn of_twilio(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("transactional") {
            return Some(Self::Utility);
        }
        Self::ALL.into_iter().find(|category| name.eq_ignore_ascii_case(category.as_str()))
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// US dollars per delivered message, by category. As text: `utility=0.009 marketing=0.078`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct CategoryPrices([Option<Price>; Category::ALL.len()]);

impl CategoryPrices {
    /// The price of a message in this category. `None`: no price is known.
    pub fn of(&self, category: Category) -> Option<Price> {
        self.0[category as usize]
    }
}

impl FromStr for CategoryPrices {
    type Err = BadCategoryPrices;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut prices = Self::default();
        for part in text.split_whitespace() {
            let (name, price) =
                part.split_once('=').ok_or_else(|| BadCategoryPrices::Part(part.to_owned()))?;
            let known = Category::ALL.into_iter().find(|category| category.as_str() == name);
            let category = known.ok_or_else(|| BadCategoryPrices::Category(name.to_owned()))?;
            let slot = &mut prices.0[category as usize];
            if slot.is_some() {
                return Err(BadCategoryPrices::Twice(category));
            }
            *slot = Some(price.parse().map_err(|why| BadCategoryPrices::Price { category, why })?);
        }
        Ok(prices)
    }
}

/// Why a text is not a list of prices.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadCategoryPrices {
    /// A part is not of the form `CATEGORY=PRICE`.
    #[error("{0:?} is not of the form CATEGORY=PRICE, such as utility=0.009")]
    Part(String),
    /// No such category.
    #[error("unknown category {0:?}: give utility, marketing or authentication")]
    Category(String),
    /// A category is there twice.
    #[error("{0} is there twice: keep one")]
    Twice(Category),
    /// Not a price.
    #[error("{category}: {why}")]
    Price {
        /// Whose.
        category: Category,
        /// What is wrong with it.
        why: &'static str,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_are_read_as_twilio_writes_them() {
        for (name, category) in [
            ("UTILITY", Some(Category::Utility)),
            ("Marketing", Some(Category::Marketing)),
            ("AUTHENTICATION", Some(Category::Authentication)),
            ("TRANSACTIONAL", Some(Category::Utility)),
            ("", None),
            ("SERVICE", None),
        ] {
            assert_eq!(Category::of_twilio(name), category, "{name}");
        }
    }

    #[test]
    fn prices_are_read_by_category() {
        let prices: CategoryPrices = "utility=0.009 marketing=0.078".parse().unwrap();
        assert_eq!(prices.of(Category::Utility), Some(Price(0.009)));
        assert_eq!(prices.of(Category::Marketing), Some(Price(0.078)));
        assert_eq!(prices.of(Category::Authentication), None);
        assert_eq!("".parse(), Ok(CategoryPrices::default()));
    }

    #[test]
    fn bad_prices_are_refused_with_their_cause() {
        for (text, words) in [
            ("0.009", "CATEGORY=PRICE"),
            ("service=1", "unknown category \"service\""),
            ("UTILITY=1", "unknown category"),
            ("utility=1 utility=2", "utility is there twice"),
            ("utility=cheap", "utility: not a number"),
            ("utility=-1", "utility: not a price"),
            ("utility=", "utility: not a number"),
        ] {
            let error = text.parse::<CategoryPrices>().unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
