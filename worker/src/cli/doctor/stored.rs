//! Counts of users, waiting work, unknown outcomes and dead letters; the seals of the ledger, the keys of erased people and of the inbox.

use shared::{db, lane::QueueLane};

use super::{database, erasure, events_out, finding::Findings, inbox, seals};
use crate::{
    cli::pause,
    store::{
        counts::{self, Backlog, DeadLetters, Unknown},
        pauses,
    },
};

pub(super) async fn check(found: &mut Findings) {
    let Ok(mut connection) = database::connect().await else {
        return found.skipped("users", "not counted: see postgres");
    };
    if !matches!(db::missing_migrations(&mut connection).await, Ok(0)) {
        return found.skipped("users", "not counted: migrations are missing");
    }
    let counted = async {
        Ok::<_, sqlx::Error>((
            counts::kinds(&mut connection).await?,
            counts::backlog(&mut connection).await?,
            counts::unknown(&mut connection).await?,
            counts::dead_letters(&mut connection).await?,
            pauses::current(&mut connection).await?,
        ))
    };
    match counted.await {
        Ok((kinds, backlog, unknown, letters, pauses)) => {
            let each: Vec<String> = kinds.iter().map(|k| format!("{} {}", k.count, word(&k.kind))).collect();
            found.passed("users", if each.is_empty() { "none yet".to_owned() } else { each.join(", ") });
            found.passed("backlog", lanes(&backlog));
            if let Some(paused) = pause::summary(&pauses) {
                found.warning("paused lanes", paused, "`worker resume --lane …` once the reason is over");
            }
            check_waiting(found, unknown, letters);
            seals::check(found, &mut connection).await;
            erasure::check(found, &mut connection).await;
            inbox::check(found, &mut connection).await;
            events_out::check(found, &mut connection).await;
        }
        Err(error) => found.unreachable("users", db::sqlstate(&error), "see Postgres's own logs"),
    }
}

/// The name of a kind; `unknown` where the portal named none.
fn word(kind: &str) -> &str {
    if kind == "unknown" { "without a kind" } else { kind }
}

/// Users with work ahead, both lanes.
fn lanes(backlog: &[Backlog]) -> String {
    let one = |lane: QueueLane| {
        let (received, due) = backlog.iter().find(|b| b.lane == lane).map_or((0, 0), |b| (b.received, b.due));
        format!("{} {received} received, {due} of them due", lane.as_str())
    };
    QueueLane::ALL.map(one).join("; ")
}

fn check_waiting(found: &mut Findings, unknown: Unknown, letters: DeadLetters) {
    let text = format!("{} unknown, {} of them parked", unknown.all(), unknown.parked);
    if unknown.parked > 0 {
        found.warning("unknown", text, "see `worker unknown list`, then settle them");
    } else {
        found.passed("unknown", text);
    }
    if letters.open > 0 {
        let text = format!("{}, {} in the last hour", letters.open, letters.open_last_hour);
        found.warning(
            "dead letters",
            text,
            "see `worker dead list`, fix the cause, then `worker dead replay`",
        );
    } else {
        found.passed("dead letters", "none");
    }
}
