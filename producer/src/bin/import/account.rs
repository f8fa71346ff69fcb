//! One account of the portal with its profiles.

use chrono::{DateTime, NaiveDate, Utc};
use producer::cli::Failure;
use sqlx::{Row, postgres::PgRow};

use crate::dates::{day, flag, is_plausible_birth, is_plausible_due_date, is_plausible_signup, moment};

/// An account. It has no column about health.
#[derive(Debug, Clone, Default)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) active: bool,
    pub(crate) signed_up_at: Option<DateTime<Utc>>,
    pub(crate) language: Option<String>,
    pub(crate) pregnant: Option<Profile>,
    pub(crate) mother: Option<Profile>,
    /// It has several profiles of one kind; only the latest is here.
    pub(crate) older_profiles: bool,
    /// Columns whose date cannot be true; the date is left out.
    pub(crate) bad_dates: Vec<&'static str>,
}

/// The columns of either profile.
#[derive(Debug, Clone, Default)]
pub(crate) struct Profile {
    pub(crate) phone: String,
    pub(crate) name: Option<String>,
    /// Due date of a pregnant woman, birth date of a new mother's child.
    pub(crate) date: Option<NaiveDate>,
}

impl Account {
    /// Reads a row of the portal's cursor. All its columns are texts, since portals choose their types.
    pub(crate) fn of(row: &PgRow) -> Result<Self, Failure> {
        let mut bad_dates = Vec::new();
        let active = is_active(row.try_get("active")?)?;
        let mut date = |name: &'static str, read: &dyn Fn(&str) -> Option<NaiveDate>| {
            dated(row, name, read, &mut bad_dates)
        };
        let due_date = date("due_date", &|text| day(text).filter(|it| is_plausible_due_date(*it)))?;
        let birth_date = date("child_birth_date", &|text| day(text).filter(|it| is_plausible_birth(*it)))?;
        let signed_up_at = dated(
            row,
            "date_joined",
            &|text| moment(text).filter(|it| is_plausible_signup(*it)),
            &mut bad_dates,
        )?;
        Ok(Self {
            id: row.try_get("user_id")?,
            active,
            signed_up_at,
            language: row.try_get("language")?,
            pregnant: profile(row, ["pregnant_phone", "pregnant_name"], due_date)?,
            mother: profile(row, ["mother_phone", "mother_name"], birth_date)?,
            older_profiles: false,
            bad_dates,
        })
    }
}

/// None for a missing profile, which has a null phone. An empty number is an empty text.
fn profile(
    row: &PgRow,
    [phone, name]: [&str; 2],
    date: Option<NaiveDate>,
) -> Result<Option<Profile>, sqlx::Error> {
    let Some(phone) = row.try_get::<Option<String>, _>(phone)? else { return Ok(None) };
    Ok(Some(Profile { phone, name: row.try_get(name)?, date }))
}

fn dated<T>(
    row: &PgRow,
    column: &'static str,
    read: &dyn Fn(&str) -> Option<T>,
    bad: &mut Vec<&'static str>,
) -> Result<Option<T>, sqlx::Error> {
    let text: Option<String> = row.try_get(column)?;
    let Some(text) = text.as_deref().map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    let date = read(text);
    if date.is_none() {
        bad.push(column);
    }
    Ok(date)
}

/// Whether an account is active, by the text of `is_active`. Null says nothing: the account is active. A number is
/// active unless it is 0, as in MySQL. Fails if the text is neither true nor false.
pub(crate) fn is_active(text: Option<&str>) -> Result<bool, Failure> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(true) };
    flag(text).or_else(|| text.parse::<f64>().ok().map(|number| number != 0.0)).ok_or_else(|| {
        let start: String = text.chars().take(20).collect();
        Failure::configuration(format!(
            "auth_user.is_active holds {start:?}, which is neither true nor false. It may be a boolean, a number (0: \
             inactive) or one of the texts true, false, t, f, yes, no, y, n"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_active_by_any_type_of_column() {
        let read = ["true", "f", "1", "0", "2", "0.0", "t   ", "FALSE", ""]
            .map(|text| is_active(Some(text)).unwrap());
        assert_eq!(read, [true, false, true, false, true, false, true, false, true]);
        assert!(
            is_active(None).unwrap() && is_active(Some("gone")).unwrap_err().to_string().contains("\"gone\"")
        );
    }
}
