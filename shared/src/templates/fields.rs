//! The facts of a message that a template can print.

use std::{collections::BTreeMap, fmt, str::FromStr};

/// A fact of a message. The names are stable: they are stored in `templates.variables`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    /// The user's name, as the portal gave it. Many users have none.
    Name,
    /// The week of the pregnancy, or of the baby's life.
    Week,
    /// The text of the day.
    Text,
    /// The address that stops messages, such as `aamcare.np/s/PCWDDR9B5`.
    StopAddress,
    /// The code at the end of that address, for a button.
    StopCode,
    /// The number of `HELP_LINE`.
    HelpLine,
}

impl Field {
    /// Every field.
    pub const ALL: [Self; 6] =
        [Self::Name, Self::Week, Self::Text, Self::StopAddress, Self::StopCode, Self::HelpLine];

    /// The stable name, in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Week => "week",
            Self::Text => "text",
            Self::StopAddress => "stop_address",
            Self::StopCode => "stop_code",
            Self::HelpLine => "help_line",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Field {
    type Err = UnknownField;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|field| field.as_str() == name);
        found.ok_or_else(|| UnknownField(name.to_owned()))
    }
}

/// The text does not name a [`Field`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown field {0:?}: give one of {names}", names = Field::ALL.map(Field::as_str).join(", "))]
pub struct UnknownField(String);

/// The known facts of one message. `Debug` does not show them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Fields(BTreeMap<Field, String>);

impl Fields {
    /// The same with one more fact.
    #[must_use]
    pub fn with(mut self, field: Field, value: impl Into<String>) -> Self {
        self.0.insert(field, value.into());
        self
    }

    /// The same with a fact that may be unknown.
    #[must_use]
    pub fn with_known(self, field: Field, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.with(field, value),
            None => self,
        }
    }

    /// The fact, if it is known.
    pub fn get(&self, field: Field) -> Option<&str> {
        self.0.get(&field).map(String::as_str)
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_others_are_refused_with_the_known_ones() {
        for field in Field::ALL {
            assert_eq!(field.as_str().parse(), Ok(field));
        }
        let error = "phone".parse::<Field>().unwrap_err().to_string();
        assert!(Field::ALL.iter().all(|field| error.contains(field.as_str())), "{error}");
    }

    #[test]
    fn debug_shows_which_facts_are_known_and_not_their_values() {
        let fields = Fields::default().with(Field::Name, "Sita").with_known(Field::Week, None::<String>);
        assert_eq!((fields.get(Field::Name), fields.get(Field::Week)), (Some("Sita"), None));
        assert_eq!(format!("{fields:?}"), "[Name]");
    }
}
