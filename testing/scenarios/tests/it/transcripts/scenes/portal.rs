//! The sample portal of the demo.

use std::collections::BTreeMap;

use support::TestEnv;

const SAMPLE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/demo/portal.sql"));
/// Its accounts but for the inactive ones.
const STORED: usize = 490;

/// Ours, and a second test environment of which only the database is of use.
pub(super) async fn set(mut ours: TestEnv) -> anyhow::Result<(TestEnv, Option<TestEnv>)> {
    let portal = TestEnv::builder().unmigrated().build().await?;
    sqlx::raw_sql(SAMPLE).execute(&portal.database.pool).await?;
    ours.env.insert("PORTAL_DATABASE_URL".to_owned(), portal.database.url().to_owned());
    Ok((ours, Some(portal)))
}

pub(super) async fn before(test: &TestEnv, name: &str) -> anyhow::Result<()> {
    if name == "backfill-again" { test.until_final(STORED).await } else { Ok(()) }
}

pub(super) fn env(portal: Option<&TestEnv>, env: &mut BTreeMap<String, String>) {
    let url = portal.map(|p| p.database.url().to_owned()).unwrap_or_default();
    let rest = [
        ("PORTAL_DATABASE_URL", url),
        ("SEND_RATE", "10".to_owned()),
        ("SMS_PRICE_USD", "0.3".to_owned()),
        // The output must not depend on the time of day.
        ("BACKFILL_WINDOW", String::new()),
    ];
    env.extend(rest.map(|(name, value)| (name.to_owned(), value)));
}
