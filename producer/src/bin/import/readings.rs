//! How the numbers of a batch are read: with the country that an event has told of, where there was one.

use std::collections::HashMap;

use shared::phone::{E164, NumberPolicy};
use sqlx::PgPool;

use crate::record::Record;

/// One reading per record, in their order.
pub(crate) struct Readings {
    /// E.164; none unless it can be texted.
    pub(crate) textable: Vec<Option<String>>,
    /// E.164, even where its country may not be texted: tells spellings of one number from two numbers.
    pub(crate) identities: Vec<Option<String>>,
}

impl Readings {
    /// Reads the numbers of `records`, whose ids are `ids`.
    pub(crate) async fn of(
        pool: &PgPool,
        numbers: &NumberPolicy,
        records: &[Record],
        ids: &[String],
    ) -> Result<Self, sqlx::Error> {
        let hints = country_hints(pool, ids).await?;
        let hinted = records.iter().zip(ids).map(|(record, id)| (record, hints.get(id).map(String::as_str)));
        let text = |number: E164| number.as_str().to_owned();
        let (textable, identities) = hinted
            .map(|(record, hint)| {
                let raw = &record.phone_raw;
                let textable = match hint {
                    None => record.phone_e164.clone(),
                    Some(_) => numbers.textable(raw, hint).ok().map(|phone| text(phone.e164)),
                };
                (textable, numbers.identity(raw, hint).map(text))
            })
            .unzip();
        Ok(Self { textable, identities })
    }
}

async fn country_hints(pool: &PgPool, ids: &[String]) -> Result<HashMap<String, String>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT user_id, country_hint AS "country_hint!" FROM users
           WHERE user_id = ANY ($1) AND country_hint IS NOT NULL"#,
        ids,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| (row.user_id, row.country_hint)).collect())
}
