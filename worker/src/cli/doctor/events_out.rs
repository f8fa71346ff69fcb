//! Events for the portal: whether they are written, and whether the broker takes them.

use shared::{
    config::{Env, settings::EVENTS_OUT},
    events_out::enabled,
};
use sqlx::PgConnection;

use super::{database::failed, finding::Findings};
use crate::store::events_out::{self, Waiting};

const CHECK: &str = "events out";
/// A worker publishes within seconds.
const SLOW: f64 = 300.0;

pub(super) async fn check(found: &mut Findings, connection: &mut PgConnection) {
    let mut env = Env::of_process();
    let wanted = env.flag(&EVENTS_OUT);
    let Ok(wanted) = env.finish(wanted) else {
        return found.skipped(CHECK, "not judged: see EVENTS_OUT above");
    };
    let read = async {
        Ok::<_, sqlx::Error>((enabled(&mut *connection).await?, events_out::waiting(connection).await?))
    };
    match read.await {
        Ok((written, waiting)) => judge(found, wanted, written, &waiting),
        Err(error) => failed(found, CHECK, Some(error)),
    }
}

fn judge(found: &mut Findings, wanted: bool, written: bool, all: &[Waiting]) {
    if wanted != written {
        let text = format!(
            "EVENTS_OUT is {} here, and the worker that started last has {}",
            u8::from(wanted),
            u8::from(written),
        );
        found.warning(CHECK, text, "use the same value for all workers, and start them again");
    }
    for Waiting { event, rows, oldest_age, last_error } in all {
        let minutes = oldest_age / 60.0;
        let text = format!("{rows} {} wait, the oldest for {minutes:.0} min", event.routing_key());
        match last_error {
            Some(error) => {
                let advice = format!(
                    "bind a queue of the portal to the exchange aamcare.events with the routing key {} \
                     (docs/portal.md), or set EVENTS_OUT=0; after 30 days they are deleted",
                    event.routing_key(),
                );
                found.warning(CHECK, format!("{text}: {error}"), advice);
            }
            None if *oldest_age > SLOW => {
                let advice = "start a worker with EVENTS_OUT=1, or see whether it can reach RabbitMQ";
                found.warning(CHECK, text, advice);
            }
            None if written => found.passed(CHECK, text),
            None => {}
        }
    }
    if !wanted && !written && all.iter().all(|waiting| waiting.rows == 0) {
        found.skipped(CHECK, "EVENTS_OUT is 0: nothing is published for the portal");
    }
}

#[cfg(test)]
mod tests {
    use shared::events::OutEvent;

    use super::*;
    use crate::cli::doctor::finding::{Finding, Mark};

    fn of(wanted: bool, written: bool, rows: i64, age: f64, error: Option<&str>) -> Vec<Finding> {
        let mut found = Findings::default();
        let (event, last_error) = (OutEvent::NumberRejected, error.map(str::to_owned));
        judge(&mut found, wanted, written, &[Waiting { event, rows, oldest_age: age, last_error }]);
        found.into_vec()
    }

    #[test]
    fn a_missing_binding_is_named_with_its_routing_key() {
        let found = of(true, true, 3, 600.0, Some("returned: no queue is bound for its routing key"));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].result, Mark::Warning);
        assert_eq!(
            found[0].text,
            "3 onboarding.number_rejected.v1 wait, the oldest for 10 min: returned: no queue is bound for its routing key"
        );
        let advice = found[0].advice.as_ref().unwrap();
        assert!(
            advice.contains("aamcare.events with the routing key onboarding.number_rejected.v1 "),
            "{advice}"
        );
    }

    #[test]
    fn rows_that_are_not_tried_a_worker_of_another_setting_and_none_at_all_are_told_apart() {
        let marks = |found: Vec<Finding>| found.iter().map(|f| f.result).collect::<Vec<_>>();
        assert_eq!(marks(of(true, true, 1, 10.0, None)), [Mark::Passed]);
        assert_eq!(marks(of(true, true, 1, 301.0, None)), [Mark::Warning]);
        assert_eq!(marks(of(false, true, 0, 0.0, None)), [Mark::Warning, Mark::Passed]);
        assert_eq!(marks(of(false, false, 0, 0.0, None)), [Mark::Skipped]);
    }
}
