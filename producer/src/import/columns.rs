//! Which columns this portal has. The query names them; what may be missing has a stand-in.

use std::collections::HashSet;

use sqlx::PgConnection;

/// The account.
const USERS: &str = "auth_user";
/// The profile of a pregnant woman.
const PREGNANT: &str = "core_pregnantwomanprofile";
/// The profile of a new mother.
const MOTHER: &str = "core_newmotherprofile";

/// Without these nothing can be imported.
const REQUIRED: [(&str, &str); 5] = [
    (USERS, "id"),
    (PREGNANT, "user_id"),
    (PREGNANT, "phone_number"),
    (MOTHER, "user_id"),
    (MOTHER, "phone_number"),
];

/// Where a portal may keep the language, the first that exists and is set.
const LANGUAGES: [(&str, &str, &str); 6] = [
    ("m", MOTHER, "preferred_language"),
    ("m", MOTHER, "language"),
    ("p", PREGNANT, "preferred_language"),
    ("p", PREGNANT, "language"),
    ("u", USERS, "preferred_language"),
    ("u", USERS, "language"),
];

/// The columns of the portal's tables that this role may read.
pub(crate) struct Columns(HashSet<(String, String)>);

impl Columns {
    /// Asks the catalogue. The tables are the portal's and no part of our schema, hence unchecked.
    pub(crate) async fn probe(portal: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let found: Vec<(String, String)> = sqlx::query_as(
            "SELECT table_name::text, column_name::text FROM information_schema.columns
             WHERE table_schema = ANY (current_schemas(false)) AND table_name = ANY ($1)",
        )
        .bind([USERS, PREGNANT, MOTHER].as_slice())
        .fetch_all(portal)
        .await?;
        Ok(Self(found.into_iter().collect()))
    }

    /// What is needed and not there, as `table.column`.
    pub(crate) fn missing(&self) -> Vec<String> {
        let absent = REQUIRED.iter().filter(|(table, column)| !self.has(table, column));
        absent.map(|(table, column)| format!("{table}.{column}")).collect()
    }

    /// The query of all accounts with their profiles, by id. Made of constants alone.
    pub(crate) fn query(&self) -> String {
        let active = self.or(USERS, "is_active", "coalesce(u.is_active::boolean, true)", "true");
        let joined = self.or(USERS, "date_joined", &moment("u.date_joined"), "NULL::timestamptz");
        let pregnant_name = self.or(PREGNANT, "name", "p.name::text", "NULL::text");
        let mother_name = self.or(MOTHER, "name", "m.name::text", "NULL::text");
        let due = self.or(PREGNANT, "due_date", &day("p.due_date"), "NULL::date");
        let birth = self.or(MOTHER, "child_birth_date", &day("m.child_birth_date"), "NULL::date");
        let language = self.language();
        format!(
            "SELECT u.id::text AS user_id, {active} AS active, {joined} AS signed_up_at, {language} AS language,
                    CASE WHEN p.user_id IS NOT NULL THEN coalesce(p.phone_number::text, '') END AS pregnant_phone,
                    {pregnant_name} AS pregnant_name, {due} AS due_date,
                    CASE WHEN m.user_id IS NOT NULL THEN coalesce(m.phone_number::text, '') END AS mother_phone,
                    {mother_name} AS mother_name, {birth} AS child_birth_date
             FROM {USERS} u
             LEFT JOIN {PREGNANT} p ON p.user_id = u.id
             LEFT JOIN {MOTHER} m ON m.user_id = u.id
             ORDER BY u.id"
        )
    }

    fn language(&self) -> String {
        let present = LANGUAGES.iter().filter(|(_, table, column)| self.has(table, column));
        let named = present.map(|(alias, _, column)| format!("nullif({alias}.{column}::text, '')"));
        let all: Vec<String> = named.chain(["NULL::text".to_owned()]).collect();
        format!("coalesce({})", all.join(", "))
    }

    fn or(&self, table: &str, column: &str, there: &str, missing: &str) -> String {
        if self.has(table, column) { there } else { missing }.to_owned()
    }

    fn has(&self, table: &str, column: &str) -> bool {
        self.0.contains(&(table.to_owned(), column.to_owned()))
    }
}

/// Postgres knows `infinity` and years that no calendar here can hold; such a date says nothing.
fn day(column: &str) -> String {
    format!("CASE WHEN {column} BETWEEN '1900-01-01' AND '2200-01-01' THEN {column}::date END")
}

fn moment(column: &str) -> String {
    format!("CASE WHEN {column} BETWEEN '1900-01-01' AND '2200-01-01' THEN {column}::timestamptz END")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(extra: &[(&str, &str)]) -> Columns {
        let all = REQUIRED.iter().chain(extra);
        Columns(all.map(|(table, column)| ((*table).to_owned(), (*column).to_owned())).collect())
    }

    #[test]
    fn what_is_missing_has_a_stand_in() {
        let bare = columns(&[]).query();
        assert!(bare.contains("true AS active") && bare.contains("coalesce(NULL::text) AS language"));
        assert!(!bare.contains("date_joined") && !bare.contains("p.name"));
        let full = columns(&[(USERS, "is_active"), (MOTHER, "language")]).query();
        assert!(full.contains("u.is_active") && full.contains("nullif(m.language::text, '')"));
    }

    #[test]
    fn required_columns_are_named() {
        assert!(columns(&[]).missing().is_empty());
        let empty = Columns(HashSet::new()).missing();
        assert_eq!((empty.len(), empty[0].as_str()), (5, "auth_user.id"));
    }

    #[test]
    fn health_columns_are_never_read() {
        let query = columns(&[(PREGNANT, "medical_history"), (MOTHER, "current_health_status")]).query();
        assert!(!query.contains("medical") && !query.contains("health") && !query.contains('*'));
    }
}
