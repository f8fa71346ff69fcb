//! The key that commands erase with.

use shared::{
    cli::Failure,
    config::Env,
    erasure::{ErasureKey, WrongKey},
};

/// `ERASURE_KEY`, which must be set.
pub(super) fn key() -> Result<ErasureKey, Failure> {
    let mut env = Env::of_process();
    let key = ErasureKey::read(&mut env);
    let missing = "ERASURE_KEY (or ERASURE_KEY_FILE) must be set; `openssl rand -hex 32` makes a key. Set the same key for all workers";
    env.finish(key)?.ok_or_else(|| Failure::configuration(missing))
}

pub(in crate::cli) fn wrong_key(wrong: WrongKey) -> Failure {
    match wrong {
        WrongKey::Database(error) => Failure::statement(error),
        wrong => Failure::configuration(wrong.to_string()),
    }
}
