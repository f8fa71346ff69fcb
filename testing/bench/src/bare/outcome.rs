//! One row per event, many in one statement.

use sqlx::PgPool;
use tokio::sync::mpsc;

/// As the worker has it.
const MAX_ROWS: usize = 100;

/// What became of one event.
pub(super) struct Outcome {
    pub(super) tag: u64,
    pub(super) user_id: String,
    pub(super) phone: String,
    pub(super) sid: String,
}

/// Writes the outcomes from `inbox` and reports to `stored` the delivery tags of the committed ones.
pub(super) async fn write(
    pool: PgPool,
    mut inbox: mpsc::Receiver<Outcome>,
    stored: mpsc::UnboundedSender<Vec<u64>>,
) {
    let mut batch = Vec::with_capacity(MAX_ROWS);
    while inbox.recv_many(&mut batch, MAX_ROWS).await > 0 {
        if let Err(error) = insert(&pool, &batch).await {
            eprintln!("not stored: {error}");
            return;
        }
        if stored.send(batch.drain(..).map(|o| o.tag).collect()).is_err() {
            return;
        }
    }
}

async fn insert(pool: &PgPool, batch: &[Outcome]) -> Result<(), sqlx::Error> {
    let users: Vec<&str> = batch.iter().map(|o| o.user_id.as_str()).collect();
    let phones: Vec<&str> = batch.iter().map(|o| o.phone.as_str()).collect();
    let sids: Vec<&str> = batch.iter().map(|o| o.sid.as_str()).collect();
    sqlx::query(
        "INSERT INTO bare_outcomes (user_id, phone_e164, sid)
         SELECT * FROM UNNEST($1::text[], $2::text[], $3::text[]) ON CONFLICT (user_id) DO NOTHING",
    )
    .bind(&users)
    .bind(&phones)
    .bind(&sids)
    .execute(pool)
    .await?;
    Ok(())
}
