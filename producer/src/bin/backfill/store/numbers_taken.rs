//! Tables `attempts` and `suppressions`: the numbers that nobody will be texted on.

use std::collections::{HashMap, HashSet};

use producer::UserId;
use shared::phone::E164;
use sqlx::PgPool;

/// Of the numbers asked for: which are held by an attempt, and which are suppressed.
#[derive(Default)]
pub(crate) struct Taken {
    holders: HashMap<String, UserId>,
    suppressed: HashSet<String>,
}

impl Taken {
    /// Looks `numbers` up, by the unique index of either table.
    pub(crate) async fn of_numbers(pool: &PgPool, numbers: &[String]) -> Result<Self, sqlx::Error> {
        let taken = sqlx::query!(
            r#"SELECT phone_e164 AS "number!", user_id AS holder FROM attempts
               WHERE blocks AND phone_e164 = ANY ($1)
               UNION ALL
               SELECT phone_e164, NULL FROM suppressions WHERE lifted_at IS NULL AND phone_e164 = ANY ($1)"#,
            numbers,
        )
        .fetch_all(pool)
        .await?;
        let mut found = Self::default();
        for row in taken {
            match row.holder.as_deref().map(UserId::parse) {
                Some(Ok(holder)) => {
                    found.holders.insert(row.number, holder);
                }
                // An id that no event could carry is nobody's here.
                Some(Err(_)) => {}
                None => {
                    found.suppressed.insert(row.number);
                }
            }
        }
        Ok(found)
    }

    /// The user whose attempt forbids another one to `number`.
    pub(crate) fn holder(&self, number: &E164) -> Option<&UserId> {
        self.holders.get(number.as_str())
    }

    /// Whether nobody may be texted on `number`.
    pub(crate) fn is_suppressed(&self, number: &E164) -> bool {
        self.suppressed.contains(number.as_str())
    }

    #[cfg(test)]
    pub(crate) fn of<const H: usize, const S: usize>(
        holders: [(&str, &str); H],
        suppressed: [&str; S],
    ) -> Self {
        let held = holders.map(|(number, user)| (number.to_owned(), UserId::parse(user).unwrap()));
        Self { holders: held.into(), suppressed: suppressed.map(str::to_owned).into() }
    }
}
