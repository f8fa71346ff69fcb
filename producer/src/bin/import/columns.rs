//! The columns of the portal. The query names those that exist and replaces optional ones that do not.

use std::collections::HashMap;

use sqlx::PgConnection;

/// The account.
const USERS: &str = "auth_user";
/// The profile of a pregnant woman.
const PREGNANT: &str = "core_pregnantwomanprofile";
/// The profile of a new mother.
const MOTHER: &str = "core_newmotherprofile";

/// The required columns.
const REQUIRED: [(&str, &str); 5] = [
    (USERS, "id"),
    (PREGNANT, "user_id"),
    (PREGNANT, "phone_number"),
    (MOTHER, "user_id"),
    (MOTHER, "phone_number"),
];

/// Columns of the language. The first one that exists and is set counts.
const LANGUAGES: [(&str, &str, &str); 6] = [
    ("m", MOTHER, "preferred_language"),
    ("m", MOTHER, "language"),
    ("p", PREGNANT, "preferred_language"),
    ("p", PREGNANT, "language"),
    ("u", USERS, "preferred_language"),
    ("u", USERS, "language"),
];

/// The columns of the portal's tables that this role may read, with their types.
pub(crate) struct Columns(HashMap<(String, String), String>);

impl Columns {
    /// Reads the catalogue. The statement is not checked at compile time: the tables are the portal's.
    pub(crate) async fn probe(portal: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let found: Vec<(String, String, String)> = sqlx::query_as(
            "SELECT table_name::text, column_name::text, data_type::text FROM information_schema.columns
             WHERE table_schema = ANY (current_schemas(false)) AND table_name = ANY ($1)",
        )
        .bind([USERS, PREGNANT, MOTHER].as_slice())
        .fetch_all(portal)
        .await?;
        Ok(Self(found.into_iter().map(|(table, column, kind)| ((table, column), kind)).collect()))
    }

    /// The required columns that are missing, as `table.column`.
    pub(crate) fn missing(&self) -> Vec<String> {
        let absent = REQUIRED.iter().filter(|(table, column)| !self.has(table, column));
        absent.map(|(table, column)| format!("{table}.{column}")).collect()
    }

    /// The query of the distinct values of `is_active`. None without that column.
    pub(crate) fn activities(&self) -> Option<String> {
        let query = || format!("SELECT DISTINCT is_active::text FROM {USERS}");
        self.has(USERS, "is_active").then(query)
    }

    /// The query of all accounts with their profiles, by id. Every column is cast to text. An account with several
    /// profiles of one kind has several rows, and the latest profiles are in the first. The text is made of
    /// constants only.
    pub(crate) fn query(&self) -> String {
        let active = self.text(("u", USERS), "is_active");
        let joined = self.date(("u", USERS), "date_joined", "timestamptz");
        let pregnant_name = self.text(("p", PREGNANT), "name");
        let mother_name = self.text(("m", MOTHER), "name");
        let due = self.date(("p", PREGNANT), "due_date", "date");
        let birth = self.date(("m", MOTHER), "child_birth_date", "date");
        let language = self.language();
        let latest_pregnant = self.latest(("p", PREGNANT), "due_date");
        let latest_mother = self.latest(("m", MOTHER), "child_birth_date");
        format!(
            "SELECT u.id::text AS user_id, {active} AS active, {joined} AS date_joined, {language} AS language,
                    CASE WHEN p.user_id IS NOT NULL THEN coalesce(p.phone_number::text, '') END AS pregnant_phone,
                    {pregnant_name} AS pregnant_name, {due} AS due_date,
                    CASE WHEN m.user_id IS NOT NULL THEN coalesce(m.phone_number::text, '') END AS mother_phone,
                    {mother_name} AS mother_name, {birth} AS child_birth_date
             FROM {USERS} u
             LEFT JOIN {PREGNANT} p ON p.user_id = u.id
             LEFT JOIN {MOTHER} m ON m.user_id = u.id
             ORDER BY u.id, {latest_pregnant}, {latest_mother}"
        )
    }

    fn language(&self) -> String {
        let present = LANGUAGES.iter().filter(|(_, table, column)| self.has(table, column));
        let named = present.map(|(alias, _, column)| format!("nullif({alias}.{column}::text, '')"));
        let all: Vec<String> = named.chain(["NULL::text".to_owned()]).collect();
        format!("coalesce({})", all.join(", "))
    }

    fn text(&self, (alias, table): (&str, &str), column: &str) -> String {
        if self.has(table, column) { format!("{alias}.{column}::text") } else { "NULL::text".to_owned() }
    }

    /// A date or a time as text in ISO 8601. A column of another type is cast to text.
    fn date(&self, (alias, table): (&str, &str), column: &str, kind: &str) -> String {
        match self.kind(table, column) {
            Some(own) if own == "date" || own.starts_with("timestamp") => {
                format!("{alias}.{column}::{kind}::text")
            }
            _ => self.text((alias, table), column),
        }
    }

    /// An order in which the latest profile comes first, the same in every run.
    fn latest(&self, (alias, table): (&str, &str), date: &str) -> String {
        match self.kind(table, "id") {
            Some("smallint" | "integer" | "bigint" | "numeric") => format!("{alias}.id DESC NULLS LAST"),
            _ if self.has(table, date) => {
                format!("{alias}.{date} DESC NULLS LAST, {alias}.phone_number::text DESC NULLS LAST")
            }
            _ => format!("{alias}.phone_number::text DESC NULLS LAST"),
        }
    }

    fn has(&self, table: &str, column: &str) -> bool {
        self.kind(table, column).is_some()
    }

    fn kind(&self, table: &str, column: &str) -> Option<&str> {
        self.0.get(&(table.to_owned(), column.to_owned())).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(extra: &[(&str, &str)]) -> Columns {
        let all = REQUIRED.iter().chain(extra);
        let kind = || "integer".to_owned();
        Columns(all.map(|(table, column)| (((*table).to_owned(), (*column).to_owned()), kind())).collect())
    }

    #[test]
    fn missing_columns_are_replaced() {
        let bare = columns(&[]).query();
        assert!(bare.contains("NULL::text AS active") && bare.contains("coalesce(NULL::text) AS language"));
        assert!(!bare.contains("u.date_joined") && !bare.contains("p.name"));
        let full = columns(&[(USERS, "is_active"), (MOTHER, "language")]).query();
        assert!(full.contains("u.is_active") && full.contains("nullif(m.language::text, '')"));
    }

    #[test]
    fn the_latest_profile_is_known_by_its_number_or_its_date() {
        let numbered = columns(&[(PREGNANT, "id"), (PREGNANT, "due_date")]).query();
        assert!(numbered.contains("ORDER BY u.id, p.id DESC NULLS LAST, m.phone_number::text DESC"));
        let dated = columns(&[(MOTHER, "child_birth_date")]).query();
        assert!(dated.contains("m.child_birth_date DESC NULLS LAST, m.phone_number::text DESC"));
    }

    #[test]
    fn required_columns_are_named() {
        assert!(columns(&[]).missing().is_empty());
        let empty = Columns(HashMap::new()).missing();
        assert_eq!((empty.len(), empty[0].as_str()), (5, "auth_user.id"));
    }

    #[test]
    fn health_columns_are_never_read() {
        let query = columns(&[(PREGNANT, "medical_history"), (MOTHER, "current_health_status")]).query();
        assert!(!query.contains("medical") && !query.contains("health") && !query.contains('*'));
    }
}
