//! Why a row cannot be taken as it is, and what to do about it.

/// What is wrong with a row. Shows nothing of its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Problem {
    MissingId,
    InvalidId,
    /// Two rows of one user that differ.
    DuplicateId,
    /// A number in scientific notation or with decimals.
    SpreadsheetNumber,
    FieldCount,
    NotUtf8,
    BadDate,
    BadFlag,
    NotJson,
    WrongType,
    TooLong,
}

impl Problem {
    /// The word for it in reports.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::MissingId => "missing_id",
            Self::InvalidId => "invalid_id",
            Self::DuplicateId => "duplicate_id",
            Self::SpreadsheetNumber => "spreadsheet_number",
            Self::FieldCount => "field_count",
            Self::NotUtf8 => "not_utf8",
            Self::BadDate => "bad_date",
            Self::BadFlag => "bad_flag",
            Self::NotJson => "not_json",
            Self::WrongType => "wrong_type",
            Self::TooLong => "too_long",
        }
    }

    /// What to do.
    pub(crate) fn advice(self) -> &'static str {
        match self {
            Self::MissingId => "give every row the portal's id of the user",
            Self::InvalidId => {
                "an id has 1 to 128 characters, no line break or other control character, and is no formula"
            }
            Self::DuplicateId => "several rows of one user differ: keep the right one",
            Self::SpreadsheetNumber => {
                "a spreadsheet changed it (9.8E+09, 9807969278.0) and digits may be lost: format the column as text, \
                 then export it anew from the source"
            }
            Self::FieldCount => {
                "the row has more or fewer fields than the header; is a quote or a separator missing?"
            }
            Self::NotUtf8 => "save the file as UTF-8",
            Self::BadDate => {
                "write dates as 2026-12-28, times as 2026-12-28T09:30:00+05:45, in the Gregorian calendar (AD), not in \
                 Bikram Sambat: a birth and a signup lie in the past, a due date at most a year ahead"
            }
            Self::BadFlag => "write true or false",
            Self::NotJson => "every line must be one JSON object, each key once",
            Self::WrongType => "values must be texts, numbers, true, false or null",
            Self::TooLong => "the line is longer than 64 KiB",
        }
    }
}
