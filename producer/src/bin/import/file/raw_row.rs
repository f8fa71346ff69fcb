//! The fields of a user, and the cells of one record before they are parsed.

use producer::cli::formula;

/// A field of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Field {
    Id,
    Phone,
    Kind,
    Language,
    Name,
    DueDate,
    ChildBirthDate,
    SignedUpAt,
    Active,
    OptedOut,
    Loss,
    WrongNumber,
    Consents,
    CountryHint,
    PreferredChannel,
    TimeZone,
    TipsHour,
    Cadence,
    HouseholdId,
}

impl Field {
    /// All fields, in the order of their discriminants.
    pub(crate) const ALL: [Self; 19] = [
        Self::Id,
        Self::Phone,
        Self::Kind,
        Self::Language,
        Self::Name,
        Self::DueDate,
        Self::ChildBirthDate,
        Self::SignedUpAt,
        Self::Active,
        Self::OptedOut,
        Self::Loss,
        Self::WrongNumber,
        Self::Consents,
        Self::CountryHint,
        Self::PreferredChannel,
        Self::TimeZone,
        Self::TipsHour,
        Self::Cadence,
        Self::HouseholdId,
    ];

    /// The names by which a column is recognised; the first is the one for `--map`.
    pub(crate) fn names(self) -> &'static [&'static str] {
        match self {
            Self::Id => &["id", "user_id"],
            Self::Phone => &["phone", "phone_number", "mobile", "mobile_number"],
            Self::Kind => &["kind", "user_kind"],
            Self::Language => &["language", "preferred_language"],
            Self::Name => &["name", "display_name", "full_name"],
            Self::DueDate => &["due_date"],
            Self::ChildBirthDate => &["child_birth_date"],
            Self::SignedUpAt => &["signed_up_at", "date_joined"],
            Self::Active => &["active", "is_active"],
            Self::OptedOut => &["opted_out", "opt_out"],
            Self::Loss => &["loss"],
            Self::WrongNumber => &["wrong_number"],
            Self::Consents => &["consents"],
            Self::CountryHint => &["country_hint"],
            Self::PreferredChannel => &["preferred_channel"],
            Self::TimeZone => &["time_zone"],
            Self::TipsHour => &["tips_hour"],
            Self::Cadence => &["cadence"],
            Self::HouseholdId => &["household_id"],
        }
    }

    /// The field that a column of this name holds.
    pub(crate) fn of(name: &str) -> Option<Self> {
        let name = name.trim().replace([' ', '-'], "_");
        Self::ALL.into_iter().find(|field| field.names().iter().any(|n| n.eq_ignore_ascii_case(&name)))
    }

    /// The names for `--map`, for an error.
    pub(crate) fn list() -> String {
        Self::ALL.map(|field| field.names()[0]).join(", ")
    }
}

/// The cells of a record. Blank ones count as missing; `="1042"` is the text `1042`.
#[derive(Default)]
pub(super) struct RawRow([Option<String>; Field::ALL.len()]);

impl RawRow {
    pub(super) fn set(&mut self, field: Field, text: String) {
        let text = formula::owned_text(text);
        self.0[field as usize] = Some(text).filter(|text| !text.trim().is_empty());
    }

    /// The cell as it is.
    pub(super) fn take(&mut self, field: Field) -> Option<String> {
        self.0[field as usize].take()
    }

    /// The cell without surrounding blanks.
    pub(super) fn trimmed(&self, field: Field) -> Option<&str> {
        self.0[field as usize].as_deref().map(str::trim)
    }
}

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
    fn usual_names_are_recognised() {
        assert_eq!(Field::of(" Phone Number"), Some(Field::Phone));
        assert_eq!(Field::of("IS_ACTIVE"), Some(Field::Active));
        assert_eq!(Field::of("opted-out"), Some(Field::OptedOut));
        assert_eq!(Field::of("medical_history"), None);
        for (number, field) in Field::ALL.into_iter().enumerate() {
            assert_eq!((field as usize, Field::of(field.names()[0])), (number, Some(field)));
        }
    }

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
