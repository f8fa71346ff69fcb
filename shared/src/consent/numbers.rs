//! Which users and numbers belong to a person.

use sqlx::PgConnection;

use super::Person;

/// A user at their number, as far as both are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) user_id: Option<String>,
    pub(super) phone_e164: Option<String>,
}

impl Found {
    /// The subject of an entry of the ledger: the number, or the user if there is no number.
    pub(super) fn as_said(&self) -> Self {
        let user_id = if self.phone_e164.is_none() { self.user_id.clone() } else { None };
        Self { user_id, phone_e164: self.phone_e164.clone() }
    }
}

/// The person, with the other half of what names them. A number belongs to the user whose attempt holds it.
pub(super) async fn find(tx: &mut PgConnection, person: Person<'_>) -> Result<Found, sqlx::Error> {
    match person {
        Person::Signup(user, phone) => Ok(Found {
            user_id: Some(user.to_string()),
            phone_e164: phone.map(|phone| phone.as_str().to_owned()),
        }),
        Person::User(user) => {
            let number =
                sqlx::query_scalar!("SELECT phone_e164 FROM users WHERE user_id = $1", user.as_str());
            let phone_e164 = number.fetch_optional(tx).await?.flatten();
            Ok(Found { user_id: Some(user.to_string()), phone_e164 })
        }
        Person::Number(phone) => {
            // A user who has another number by now has nothing to do with this one.
            let holder = sqlx::query_scalar!(
                "SELECT a.user_id FROM attempts a LEFT JOIN users u ON u.user_id = a.user_id
                 WHERE a.phone_e164 = $1 AND a.blocks
                   AND (u.user_id IS NULL OR u.phone_e164 IS NOT DISTINCT FROM a.phone_e164)",
                phone.as_str(),
            );
            let user_id = holder.fetch_optional(tx).await?;
            Ok(Found { user_id, phone_e164: Some(phone.as_str().to_owned()) })
        }
    }
}

/// The people that a loss silences: the person, the users of the number, and the household of each.
pub(super) async fn household(tx: &mut PgConnection, found: &Found) -> Result<Vec<Found>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"WITH near AS (
               SELECT user_id, phone_e164, household_id FROM users
               -- Each part, and the list, is looked up in an index.
               WHERE user_id = ANY(ARRAY(SELECT $1::text
                                         UNION SELECT user_id FROM attempts WHERE phone_e164 = $2 AND blocks
                                         UNION SELECT user_id FROM attempts WHERE phone_e164 = $2 AND NOT blocks
                                         UNION SELECT user_id FROM users WHERE phone_e164 = $2 AND reason = 'shared_phone'
                                         UNION SELECT user_id FROM users WHERE phone_e164 = $2 AND attempt_id IS NULL))
           )
           SELECT user_id AS "user_id!", phone_e164 FROM near
           UNION
           SELECT u.user_id, u.phone_e164 FROM users u
           WHERE u.household_id IS NOT NULL AND u.household_id = ANY(ARRAY(SELECT household_id FROM near))
           ORDER BY 1"#,
        found.user_id,
        found.phone_e164,
    )
    .fetch_all(tx)
    .await?;
    let mut people: Vec<Found> = rows
        .into_iter()
        .map(|row| Found { user_id: Some(row.user_id), phone_e164: row.phone_e164 })
        .collect();
    if !people.iter().any(|other| other.user_id == found.user_id) {
        people.insert(0, found.clone());
    }
    Ok(people)
}
