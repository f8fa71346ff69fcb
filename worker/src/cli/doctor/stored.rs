//! What is stored, and what waits for a person.

use shared::{db, lane::Lane};

use super::{finding::Findings, postgres};
use crate::store::overview::{self, Backlog, Waiting};

pub(super) async fn check(found: &mut Findings) {
    let Ok(mut connection) = postgres::connect().await else {
        return found.skipped("users", "not counted: see postgres");
    };
    if !matches!(db::missing_migrations(&mut connection).await, Ok(0)) {
        return found.skipped("users", "not counted: migrations are missing");
    }
    let counted = async {
        let kinds = overview::kinds(&mut connection).await?;
        let waiting = overview::waiting(&mut connection).await?;
        let backlog = overview::backlog(&mut connection).await?;
        Ok::<_, sqlx::Error>((kinds, backlog, waiting))
    };
    match counted.await {
        Ok((kinds, backlog, waiting)) => {
            let each: Vec<String> = kinds.iter().map(|k| format!("{} {}", k.count, word(&k.kind))).collect();
            found.passed("users", if each.is_empty() { "none yet".to_owned() } else { each.join(", ") });
            found.passed("backlog", lanes(&backlog));
            tell(found, &waiting);
        }
        Err(error) => found.unreachable("users", db::sqlstate(&error), "look at Postgres's own logs"),
    }
}

/// Where the portal named none.
fn word(kind: &str) -> &str {
    if kind == "unknown" { "without a kind" } else { kind }
}

/// Users with work ahead, both lanes.
fn lanes(backlog: &[Backlog]) -> String {
    let one = |lane: Lane| {
        let (received, due) = backlog.iter().find(|b| b.lane == lane).map_or((0, 0), |b| (b.received, b.due));
        format!("{} {received} received, {due} of them due", lane.as_str())
    };
    Lane::ALL.map(one).join("; ")
}

fn tell(found: &mut Findings, waiting: &Waiting) {
    let unknown = format!("{} unknown, {} of them parked", waiting.unknown, waiting.parked);
    if waiting.parked > 0 {
        found.warning("unknown", unknown, "settle them: `worker unknown list`");
    } else {
        found.passed("unknown", unknown);
    }
    if waiting.dead_letters > 0 {
        let text = format!("{}, {} in the last hour", waiting.dead_letters, waiting.dead_letters_last_hour);
        found.warning("dead letters", text, "mend the cause, then `worker dead list`");
    } else {
        found.passed("dead letters", "none");
    }
}
