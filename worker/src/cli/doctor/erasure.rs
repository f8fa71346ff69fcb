//! The key of erased people: whether it is set, and made the digests of the database.

use shared::{
    config::Env,
    erasure::{self, ErasureKey, WrongKey},
};
use sqlx::PgConnection;

use super::{database::failed, finding::Findings};
use crate::store::erasures;

const CHECK: &str = "erasure key";
const NEW: &str = "set ERASURE_KEY (or ERASURE_KEY_FILE) for all workers; `openssl rand -hex 32` makes a key";
const SAME: &str = "set the key of all other workers; without it no worker starts";

pub(super) async fn check(found: &mut Findings, connection: &mut PgConnection) {
    // A key that cannot be read is a fault of the settings.
    let key = ErasureKey::read(&mut Env::of_process());
    let fits = erasure::check_key(&mut *connection, key.as_ref()).await;
    match erasures::waiting(connection).await {
        Ok(waiting) => judge(found, fits, key.is_some(), waiting.users),
        Err(error) => failed(found, CHECK, Some(error)),
    }
}

fn judge(found: &mut Findings, fits: Result<(), WrongKey>, is_set: bool, waiting: i64) {
    match fits {
        Ok(()) if is_set => found.passed(CHECK, "it is that of the people erased so far"),
        Ok(()) if waiting > 0 => {
            found.misconfigured(CHECK, format!("not set, and {waiting} people wait to be erased"), NEW);
        }
        Ok(()) => found.skipped(CHECK, "ERASURE_KEY is not set: nobody can be erased"),
        Err(WrongKey::Database(error)) => failed(found, CHECK, Some(error)),
        Err(wrong) => found.misconfigured(CHECK, wrong.to_string(), SAME),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::finding::Mark;

    #[test]
    fn the_key_must_be_that_of_the_erased_people_and_be_there_once_somebody_waits() {
        for (fits, is_set, waiting, result) in [
            (Ok(()), true, 1, Mark::Passed),
            (Ok(()), false, 0, Mark::Skipped),
            (Ok(()), false, 1, Mark::Failed),
            (Err(WrongKey::Missing), false, 0, Mark::Failed),
            (Err(WrongKey::Another), true, 0, Mark::Failed),
        ] {
            let mut found = Findings::default();
            judge(&mut found, fits, is_set, waiting);
            let found = found.into_vec();
            assert_eq!((found.len(), found[0].result), (1, result), "{}", found[0].text);
        }
    }
}
