//! What a user told staff about their profile, under the name of the command `person set`.

use chrono::Utc;
use shared::{
    audit::{self, NewEntry},
    consent::forget,
    events::ProfileChanged,
    phone::NumberPolicy,
};
use sqlx::PgPool;

use super::profiles::{self, Applied};

/// Changes the row and writes the audit log, both or neither. None: there is no row.
pub(crate) async fn enter(
    pool: &PgPool,
    numbers: &NumberPolicy,
    change: &ProfileChanged,
    (actor, reason): (&str, &str),
) -> Result<Option<Applied>, sqlx::Error> {
    let mut tx = pool.begin().await?;
    if !profiles::hold(&mut tx, &change.user_id).await? {
        return Ok(None);
    }
    let applied = profiles::apply_in(&mut tx, numbers, None, change, Utc::now()).await?;
    if applied == Applied::Yes {
        let key = forget::key_of_user(&mut tx, change.user_id.as_str()).await?;
        let subject = format!("person {key}");
        let entry = NewEntry { actor, action: "person set", subject: &subject, reason };
        audit::note(&mut tx, &entry).await?;
    }
    tx.commit().await?;
    Ok(Some(applied))
}
