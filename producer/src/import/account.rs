//! One account of the portal with its profiles, as read.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{FromRow, Row, postgres::PgRow};

/// A row of the portal's cursor. It holds no column about anybody's health.
#[derive(Debug, Clone, Default)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) active: bool,
    pub(crate) signed_up_at: Option<DateTime<Utc>>,
    pub(crate) language: Option<String>,
    pub(crate) pregnant: Option<Profile>,
    pub(crate) mother: Option<Profile>,
}

/// What is read of either profile.
#[derive(Debug, Clone, Default)]
pub(crate) struct Profile {
    pub(crate) phone: String,
    pub(crate) name: Option<String>,
    /// Due date of a pregnant woman, birth date of a new mother's child.
    pub(crate) date: Option<NaiveDate>,
}

impl FromRow<'_, PgRow> for Account {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("user_id")?,
            active: row.try_get("active")?,
            signed_up_at: row.try_get("signed_up_at")?,
            language: row.try_get("language")?,
            pregnant: profile(row, ["pregnant_phone", "pregnant_name", "due_date"])?,
            mother: profile(row, ["mother_phone", "mother_name", "child_birth_date"])?,
        })
    }
}

/// None without a phone: the cursor makes a missing profile null and an empty number an empty text.
fn profile(row: &PgRow, [phone, name, date]: [&str; 3]) -> Result<Option<Profile>, sqlx::Error> {
    let Some(phone) = row.try_get::<Option<String>, _>(phone)? else { return Ok(None) };
    Ok(Some(Profile { phone, name: row.try_get(name)?, date: row.try_get(date)? }))
}
