//! The reasons why a number is rejected.

use std::fmt;

/// Why a number cannot be texted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rejection {
    /// The text is empty or blank.
    Empty,
    /// The text is not a phone number.
    NotANumber,
    /// A spreadsheet or a float conversion changed the digits. The text has an exponent, a fraction, or groups of three
    /// after commas.
    Damaged,
    /// Fewer digits than the numbering plan has.
    TooShort,
    /// More digits than the numbering plan has, or an input above [`super::MAX_INPUT_BYTES`].
    TooLong,
    /// The length is correct, but the range is not assigned.
    NotAssigned,
    /// The field holds more than one number, so the number of the user is ambiguous.
    MultipleNumbers,
    /// A fixed line.
    Landline,
    /// Toll-free, premium rate, voice over IP, pager or similar.
    NotTextable,
    /// The country is not among the allowed ones.
    CountryNotAllowed,
}

impl Rejection {
    /// Every reason.
    pub const ALL: [Self; 10] = [
        Self::Empty,
        Self::NotANumber,
        Self::Damaged,
        Self::TooShort,
        Self::TooLong,
        Self::NotAssigned,
        Self::MultipleNumbers,
        Self::Landline,
        Self::NotTextable,
        Self::CountryNotAllowed,
    ];

    /// The name in the database, metrics and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::NotANumber => "not_a_number",
            Self::Damaged => "damaged_number",
            Self::TooShort => "too_short",
            Self::TooLong => "too_long",
            Self::NotAssigned => "not_assigned",
            Self::MultipleNumbers => "multiple_numbers",
            Self::Landline => "landline",
            Self::NotTextable => "not_textable",
            Self::CountryNotAllowed => "country_not_allowed",
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::error::Error for Rejection {}
