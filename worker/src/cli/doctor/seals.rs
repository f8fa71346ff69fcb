//! The seals of the ledger of consents: whether they match its entries.

use std::time::Duration;

use sqlx::PgConnection;

use super::{database::failed, finding::Findings};
use crate::store::seals::{
    self,
    check::{Fault, Report},
};

const CHECK: &str = "consent seals";
/// What the comparison may take; the newest seals come first.
const BUDGET: Duration = Duration::from_secs(10);
/// Seals are some minutes behind. A gap beyond this has a cause.
const BEHIND: Duration = Duration::from_secs(15 * 60);
/// Faults that are named.
const NAMED: usize = 5;

pub(super) async fn check(found: &mut Findings, connection: &mut PgConnection) {
    let read = async {
        Ok::<_, sqlx::Error>((
            seals::check::check(&mut *connection, BUDGET).await?,
            seals::waiting(connection).await?,
        ))
    };
    match read.await {
        Ok((report, waiting)) => judge(found, &report, waiting),
        Err(error) => failed(found, CHECK, Some(error)),
    }
}

fn judge(found: &mut Findings, report: &Report, waiting: Option<Duration>) {
    let count = report.faults.len();
    if count > 0 {
        let mut named: Vec<String> = report.faults.iter().take(NAMED).map(Fault::to_string).collect();
        if count > NAMED {
            named.push(format!("and {} more", count - NAMED));
        }
        let advice = "change nothing: compare the ledger with a backup, and the seals with the log lines `ledger sealed`; \
                      see docs/runbook.md, \"The ledger of consents does not match its seals\"";
        found.misconfigured(CHECK, named.join("; "), advice);
    } else if let Some((minute, digest)) = &report.newest {
        let which = if report.all { "all" } else { "the newest" };
        let text = format!(
            "{which} {} match {} entries; the last is {} {digest}",
            report.seals,
            report.entries,
            minute.format("%Y-%m-%d %H:%M UTC"),
        );
        found.passed(CHECK, text);
    } else {
        found.passed(CHECK, "none yet");
    }
    if let Some(waiting) = waiting.filter(|waiting| *waiting > BEHIND) {
        let text = format!("entries of {} min ago are not sealed", waiting.as_secs() / 60);
        let advice = "start a worker, or end the transaction that has been open since then (pg_stat_activity, xact_start)";
        found.warning(CHECK, text, advice);
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::cli::doctor::finding::{Finding, Mark};

    fn of(report: &Report, waiting: Option<Duration>) -> Vec<Finding> {
        let mut found = Findings::default();
        judge(&mut found, report, waiting);
        found.into_vec()
    }

    #[test]
    fn seals_that_match_pass_with_the_last_digest() {
        let newest = Some((DateTime::UNIX_EPOCH, "ab".repeat(32)));
        let report = Report { seals: 2, entries: 5, all: true, newest, faults: Vec::new() };
        let found = of(&report, Some(Duration::from_secs(60)));
        assert_eq!((found.len(), found[0].result), (1, Mark::Passed));
        assert!(found[0].text.starts_with("all 2 match 5 entries; the last is 1970-01-01 00:00 UTC abab"));
    }

    #[test]
    fn faults_fail_and_the_first_ones_are_named() {
        let faults = vec![Fault::Seal { minute: DateTime::UNIX_EPOCH }; 7];
        let found = of(&Report { faults, ..Report::default() }, None);
        assert_eq!(found[0].result, Mark::Failed);
        assert!(found[0].text.starts_with("the seal of 1970-01-01 00:00 UTC was changed; "));
        assert!(found[0].text.ends_with("; and 2 more"));
    }

    #[test]
    fn entries_that_wait_for_long_are_a_warning() {
        let found = of(&Report::default(), Some(Duration::from_secs(3600)));
        assert_eq!((found[0].result, found[1].result), (Mark::Passed, Mark::Warning));
        assert_eq!(found[1].text, "entries of 60 min ago are not sealed");
    }
}
