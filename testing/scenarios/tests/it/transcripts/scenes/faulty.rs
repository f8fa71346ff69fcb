//! One thing is wrong at a time.

use std::collections::BTreeMap;

use shared::lane::QueueLane;
use support::TestEnv;

pub(super) async fn set() -> anyhow::Result<TestEnv> {
    let test = TestEnv::builder().build().await?;
    test.database.execute("CREATE TABLE kept AS SELECT * FROM _sqlx_migrations").await?;
    Ok(test)
}

pub(super) fn env(name: &str, env: &mut BTreeMap<String, String>) {
    let wrong = match name {
        "doctor-wrong-token" => ("TWILIO_AUTH_TOKEN", "ffffffffffffffffffffffffffffffff"),
        "doctor-no-broker" => ("AMQP_URL", "amqp://guest:guest@127.0.0.1:1"),
        "doctor-no-service" => ("TWILIO_MESSAGING_SERVICE_SID", "MG000000000000000000000000000000ff"),
        _ => return,
    };
    env.insert(wrong.0.to_owned(), wrong.1.to_owned());
}

pub(super) async fn before(test: &mut TestEnv, name: &str) -> anyhow::Result<()> {
    match name {
        "doctor-no-queue" => test.broker.delete_queue(QueueLane::Backfill).await,
        "doctor-old-migrations" => {
            let newest = "SELECT max(version) FROM _sqlx_migrations";
            test.database.execute(&format!("DELETE FROM _sqlx_migrations WHERE version = ({newest})")).await
        }
        _ => Ok(()),
    }
}

pub(super) async fn after(test: &mut TestEnv, name: &str) -> anyhow::Result<()> {
    match name {
        "doctor-no-queue" => test.broker.declare().await,
        "doctor-old-migrations" => {
            let back = "INSERT INTO _sqlx_migrations SELECT * FROM kept ON CONFLICT DO NOTHING";
            test.database.execute(back).await
        }
        _ => Ok(()),
    }
}
