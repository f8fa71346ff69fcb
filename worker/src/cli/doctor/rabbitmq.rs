//! RabbitMQ: reachable, its version, our exchange and queues, and a message published and consumed.

use std::time::Instant;

use lapin::ErrorKind;
use shared::{
    amqp::{self, Condition, ConnectError, Frames, Part, Topology, connect},
    config::{Broker, Env, insecure_allowed},
};

use super::{finding::Findings, round_trip};

pub(super) async fn check(found: &mut Findings) {
    let mut env = Env::of_process();
    let insecure = &insecure_allowed(&mut env);
    let broker = Broker::read(&mut env, insecure);
    let Ok(broker) = env.finish(broker) else {
        return found.skipped("reachable", "not tried: see AMQP_URL above");
    };
    let started = Instant::now();
    let connection = match connect(&broker, "aamcare worker doctor", Frames::Small).await {
        Ok(connection) => connection,
        Err(error) => return explain(found, &error),
    };
    found.passed("reachable", format!("logged in after {} ms", started.elapsed().as_millis()));
    version(found, &broker).await;
    match Topology::new(broker.namespace.clone()).inspect(&connection).await {
        Ok(parts) => parts.iter().for_each(|part| check_part(found, part)),
        Err(error) => {
            let advice = "the user of AMQP_URL needs the rights to configure, write and read these names";
            found.misconfigured("topology", error.to_string(), advice);
        }
    }
    found.skipped("bindings", "AMQP cannot list them; `worker run` binds whenever it connects");
    round_trip::check(found, &connection, &broker).await;
    // Err: the checks are done, and the process ends soon.
    let _ = connection.close(200, "done".into()).await;
}

fn explain(found: &mut Findings, error: &ConnectError) {
    let refused = matches!(error, ConnectError::Amqp(e) if matches!(e.kind(), ErrorKind::ProtocolError(_)));
    if refused {
        let advice = "correct user, password or vhost in AMQP_URL";
        found.misconfigured("reachable", format!("the broker refuses the login: {error}"), advice);
    } else {
        let advice = "start RabbitMQ, or correct host and port in AMQP_URL";
        found.unreachable("reachable", error.to_string(), advice);
    }
}

async fn version(found: &mut Findings, broker: &Broker) {
    match amqp::server_properties(broker).await {
        Ok(server) => {
            let text = format!("{} {}", server.product, server.version);
            if is_known(&server.version) {
                found.passed("version", text);
            } else {
                let advice =
                    "quorum queues need RabbitMQ 3.10 or later to dead-letter at least once: upgrade";
                found.warning("version", text, advice);
            }
        }
        Err(error) => found.skipped("version", format!("the broker did not report it: {error}")),
    }
}

/// 3.10 or later.
fn is_known(version: &str) -> bool {
    let mut numbers = version.split(['.', '-', '+']).map_while(|n| n.parse::<u32>().ok());
    let (major, minor) = (numbers.next(), numbers.next());
    (major, minor) >= (Some(3), Some(10))
}

fn check_part(found: &mut Findings, part: &Part) {
    let name = &part.name;
    match part.condition {
        Condition::Exchange => found.passed("exchange", format!("{name} as declared")),
        Condition::Queue { ready, consumers: 0 } if ready > 0 => {
            let text = format!("{name} as declared, {ready} ready, no consumer");
            found.warning("queue", text, "start `worker run`");
        }
        Condition::Queue { ready, consumers } => {
            found.passed("queue", format!("{name} as declared, {ready} ready, {consumers} consumers"));
        }
        Condition::Missing => {
            let advice = "start `worker run`, which declares it; correct AMQP_NAMESPACE if it is wrong";
            found.misconfigured("topology", format!("{name} does not exist"), advice);
        }
        Condition::Clash(what) => {
            let text = format!("{what} {name} exists with other properties than ours");
            found.misconfigured("topology", text, what.advice());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_known;

    #[test]
    fn versions_are_compared_by_number() {
        for known in ["3.10.0", "3.13.7", "4.1.0", "4.1.0-rc.1", "10.0.0"] {
            assert!(is_known(known), "{known}");
        }
        for other in ["3.9.29", "2.8", "unknown", ""] {
            assert!(!is_known(other), "{other}");
        }
    }
}
