//! Whether Postgres keeps what it commits, and has free connections for one more worker.

use sqlx::PgConnection;

use super::{database::failed, finding::Findings};
use crate::{
    app::CONNECTIONS_PER_WORKER,
    store::server::{self, Durability},
};

const STANDBY: &str = "point DATABASE_URL to the primary";
const CRASH: &str =
    "set it to on: after a crash of the server, claims may be missing, and their numbers are texted again";
const FAILOVER: &str = "a failover may lose the last commits: set synchronous_standby_names, or follow docs/runbook.md, \
                        \"Postgres fails over or is restored\"";

pub(super) async fn check(found: &mut Findings, connection: &mut PgConnection) {
    match server::durability(connection).await {
        Ok(durability) => check_durability(found, &durability),
        Err(error) => failed(found, "durability", Some(error)),
    }
    check_connections(found, connection).await;
}

fn check_durability(found: &mut Findings, server: &Durability) {
    if server.standby {
        found.misconfigured("writable", "the server is a standby, which may only be read", STANDBY);
    } else if server.read_only {
        let advice = "if the server was demoted, point DATABASE_URL to the primary; otherwise reset default_transaction_read_only";
        found.misconfigured("writable", "the server may only be read", advice);
    }
    for name in &server.off {
        found.misconfigured("durability", format!("{name} is off"), CRASH);
    }
    if server.off.is_empty() {
        found.passed("durability", "fsync and full_page_writes are on");
    }
    let standbys = server.standbys;
    match server.synchronous {
        _ if standbys == 0 => found.passed("standbys", "none is connected"),
        Some(0) => {
            let text = format!("{standbys} connected, and commits wait for none of them");
            found.warning("standbys", text, FAILOVER);
        }
        Some(synchronous) => {
            found.passed("standbys", format!("{standbys} connected, {synchronous} of them synchronous"));
        }
        None if server.waits_for_standbys => {
            let text =
                format!("{standbys} connected; which of them are synchronous is shown to pg_monitor only");
            found.skipped("standbys", text);
        }
        None => {
            let text = format!("{standbys} connected, and synchronous_standby_names is empty");
            found.warning("standbys", text, FAILOVER);
        }
    }
}

async fn check_connections(found: &mut Findings, connection: &mut PgConnection) {
    let seen = match server::connections(connection).await {
        Ok(seen) => seen,
        Err(error) => return failed(found, "connections", Some(error)),
    };
    let free = seen.usable - seen.used;
    let text =
        format!("{} of {} in use; a worker uses up to {CONNECTIONS_PER_WORKER}", seen.used, seen.usable);
    // A pool grows when it needs to. With less than half of its connections, statements wait until they fail.
    if free < i64::from(CONNECTIONS_PER_WORKER / 2) {
        let advice = "too few are free for another worker: raise max_connections, or run fewer workers";
        found.warning("connections", text, advice);
    } else {
        found.passed("connections", text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::finding::Mark;

    const GOOD: Durability = Durability {
        standby: false,
        read_only: false,
        off: Vec::new(),
        waits_for_standbys: false,
        standbys: 0,
        synchronous: Some(0),
    };

    fn marks(server: Durability) -> Vec<(&'static str, Mark)> {
        let mut found = Findings::default();
        check_durability(&mut found, &server);
        found.into_vec().into_iter().map(|f| (f.check, f.result)).collect()
    }

    #[test]
    fn a_server_that_keeps_its_commits_passes() {
        assert_eq!(marks(GOOD), [("durability", Mark::Passed), ("standbys", Mark::Passed)]);
        let synchronous = Durability { standbys: 2, synchronous: Some(1), waits_for_standbys: true, ..GOOD };
        assert_eq!(marks(synchronous)[1], ("standbys", Mark::Passed));
    }

    #[test]
    fn a_server_that_loses_commits_in_a_crash_fails() {
        let off = ["fsync", "full_page_writes"].map(str::to_owned).to_vec();
        assert_eq!(marks(Durability { off, ..GOOD })[..2], [("durability", Mark::Failed); 2]);
    }

    #[test]
    fn a_read_only_server_fails() {
        for bad in [Durability { standby: true, ..GOOD }, Durability { read_only: true, ..GOOD }] {
            assert_eq!(marks(bad)[0], ("writable", Mark::Failed));
        }
    }

    #[test]
    fn standbys_that_no_commit_waits_for_are_a_warning() {
        for bad in [
            Durability { standbys: 1, ..GOOD },
            Durability { standbys: 1, waits_for_standbys: true, ..GOOD },
            Durability { standbys: 1, synchronous: None, ..GOOD },
        ] {
            assert_eq!(marks(bad)[1], ("standbys", Mark::Warning));
        }
        let hidden = Durability { standbys: 1, synchronous: None, waits_for_standbys: true, ..GOOD };
        assert_eq!(marks(hidden)[1], ("standbys", Mark::Skipped));
    }
}
