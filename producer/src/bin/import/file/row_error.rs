//! The errors of a row of a file.

/// The error of a row. It shows nothing of the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RowError {
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
    BadConsents,
    BadCountry,
    BadTimeZone,
    BadTipsHour,
    BadCadence,
    BadHousehold,
    NotJson,
    WrongType,
    TooLong,
}

impl RowError {
    /// The code in reports.
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
            Self::BadConsents => "bad_consents",
            Self::BadCountry => "bad_country_hint",
            Self::BadTimeZone => "bad_time_zone",
            Self::BadTipsHour => "bad_tips_hour",
            Self::BadCadence => "bad_cadence",
            Self::BadHousehold => "bad_household_id",
            Self::NotJson => "not_json",
            Self::WrongType => "wrong_type",
            Self::TooLong => "too_long",
        }
    }

    /// What to do about it.
    pub(crate) fn hint(self) -> &'static str {
        match self {
            Self::MissingId => "give every row the portal's id of the user",
            Self::InvalidId => {
                "an id has 1 to 128 characters, no line break or other control character, and is no formula"
            }
            Self::DuplicateId => "several rows of one user differ: keep the right one",
            Self::SpreadsheetNumber => {
                "a spreadsheet changed it (9.8E+09, 9807969278.0) and digits may be lost: format the column as text, \
                 then export it again from the source"
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
            Self::BadConsents => {
                "write consents as tips:whatsapp,onboarding:sms: a purpose (onboarding, tips, support_after_loss), a colon \
                 and a channel (sms, whatsapp, any); all are grants, a withdrawal of everything is opted_out"
            }
            Self::BadCountry => {
                "write the two letters of the country (ISO 3166), such as NP, or leave the cell empty"
            }
            Self::BadTimeZone => {
                "write a name of the IANA database, such as Asia/Kathmandu, or leave the cell empty"
            }
            Self::BadTipsHour => "write 07:00, 12:00 or 18:00, or leave the cell empty",
            Self::BadCadence => "write daily, twice_weekly or weekly, or leave the cell empty",
            Self::BadHousehold => {
                "a household_id has 1 to 128 characters and is no number changed by a spreadsheet (4.2E+01, 42.0)"
            }
            Self::NotJson => "every line must be one JSON object, each key once",
            Self::WrongType => "values must be texts, numbers, true, false or null",
            Self::TooLong => "the line is longer than 64 KiB",
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::domain::{Cadence, ConsentChannel, Purpose, TipsHour};

    use super::*;

    #[test]
    fn advice_lists_every_word() {
        let words = [
            (RowError::BadConsents, &Purpose::NAMES[..]),
            (RowError::BadConsents, &ConsentChannel::NAMES),
            (RowError::BadTipsHour, &TipsHour::NAMES),
            (RowError::BadCadence, &Cadence::NAMES),
        ];
        for (error, names) in words {
            assert!(names.iter().all(|name| error.hint().contains(name)), "{error:?}");
        }
    }
}
