//! Enums whose values have stable names: they are stored, published in events and used as metric labels.

/// A text is not one of the names. The text itself is not shown, because it may hold personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what}: give one of {}", .known.join(", "))]
pub struct UnknownName {
    /// What the text should have named.
    pub what: &'static str,
    /// The known names.
    pub known: &'static [&'static str],
}

/// An enum with one name per value, the same in `as_str`, `FromStr`, JSON and JSON Schema.
macro_rules! named {
    (
        $(#[$doc:meta])* $enum:ident, $what:literal;
        $($(#[$variant_doc:meta])* $variant:ident = $name:literal,)+
    ) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord,
            serde::Serialize, serde::Deserialize, schemars::JsonSchema,
        )]
        pub enum $enum {
            $($(#[$variant_doc])* #[serde(rename = $name)] $variant,)+
        }

        impl $enum {
            /// Every value.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$variant),+];

            /// The names of all values, in the order of `ALL`.
            pub const NAMES: [&'static str; Self::ALL.len()] = [$($name),+];

            /// The stable name.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }

        impl std::fmt::Display for $enum {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $enum {
            type Err = $crate::domain::UnknownName;

            /// Reads exactly the names that `as_str` returns.
            fn from_str(name: &str) -> Result<Self, Self::Err> {
                let found = Self::ALL.into_iter().find(|value| value.as_str() == name);
                found.ok_or($crate::domain::UnknownName { what: $what, known: &Self::NAMES })
            }
        }
    };
}

pub(crate) use named;

/// Checks that the names of an enum round-trip in text and JSON, and that other texts are refused unseen.
#[cfg(test)]
macro_rules! assert_names {
    ($enum:ty) => {
        for value in <$enum>::ALL {
            assert_eq!(value.as_str().parse(), Ok(value));
            assert_eq!(value.to_string(), value.as_str());
            assert_eq!(serde_json::to_value(value).unwrap(), value.as_str());
            assert_eq!(serde_json::from_value::<$enum>(value.as_str().into()).unwrap(), value);
        }
        assert_eq!(<$enum>::ALL.map(<$enum>::as_str), <$enum>::NAMES);
        let error = "9807969278".parse::<$enum>().unwrap_err().to_string();
        assert!(!error.contains("9807") && <$enum>::NAMES.iter().all(|name| error.contains(name)), "{error}");
    };
}

#[cfg(test)]
pub(crate) use assert_names;
