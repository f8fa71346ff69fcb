//! Connections kept open between calls and closed by the server at the worst moment: no request twice.

use std::collections::BTreeMap;

use super::super::UnknownCause;
use super::server::{Reply, Request, Server};
use super::*;

fn text_of(request: &Request) -> String {
    url::form_urlencoded::parse(request.body.as_bytes())
        .find_map(|(name, value)| (name == "Body").then(|| value.into_owned()))
        .unwrap()
}

#[tokio::test]
async fn a_connection_cut_as_the_next_request_arrives_is_unknown_and_not_repeated() {
    let server = Server::start(|_, _| Reply::WriteAndCutNext(created())).await;
    let client = client(&server.base());
    assert!(matches!(create_with(&client, "first").await, CreateOutcome::Accepted { .. }));
    let outcome = create_with(&client, "second").await;
    assert_eq!(outcome, CreateOutcome::Unknown { cause: UnknownCause::Lost });
    drop(client);
    let texts: Vec<String> = server.finish().await.iter().map(text_of).collect();
    assert_eq!(texts, ["first"], "the second was cut off and must not appear on another connection");
}

#[tokio::test]
async fn a_request_read_on_a_kept_connection_and_left_unanswered_is_not_repeated() {
    let server = Server::start(|number, _| match number {
        0 => Reply::Write(created()),
        _ => Reply::WriteAndClose(String::new()),
    })
    .await;
    let client = client(&server.base());
    assert!(matches!(create_with(&client, "first").await, CreateOutcome::Accepted { .. }));
    let outcome = create_with(&client, "second").await;
    assert_eq!(outcome, CreateOutcome::Unknown { cause: UnknownCause::Lost });
    drop(client);
    let texts: Vec<String> = server.finish().await.iter().map(text_of).collect();
    assert_eq!(texts, ["first", "second"]);
}

/// Accepted calls arrived once, those not written never, unknown ones at most once.
fn assert_at_most_once(requests: &[Request], outcomes: &[CreateOutcome]) {
    let mut arrived = BTreeMap::<String, usize>::new();
    for request in requests {
        *arrived.entry(text_of(request)).or_default() += 1;
    }
    for (number, outcome) in outcomes.iter().enumerate() {
        let times = arrived.get(&number.to_string()).copied().unwrap_or(0);
        let possible = match outcome {
            CreateOutcome::Accepted { .. } => 1..=1,
            CreateOutcome::NotWritten { .. } => 0..=0,
            CreateOutcome::Unknown { .. } => 0..=1,
            CreateOutcome::Refused { .. } => panic!("{outcome:?}"),
        };
        assert!(possible.contains(&times), "{number}: {outcome:?}, arrived {times} times");
    }
}

/// The server closes right after each answer, so each next call races with the close.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_with_the_close_of_an_idle_connection_never_sends_twice() {
    let server = Server::start(|_, _| Reply::WriteAndClose(created())).await;
    let client = client(&server.base());
    let mut outcomes = Vec::new();
    for number in 0..300 {
        outcomes.push(create_with(&client, &number.to_string()).await);
    }
    drop(client);
    assert_at_most_once(&server.finish().await, &outcomes);
    assert!(outcomes.iter().any(|outcome| matches!(outcome, CreateOutcome::Accepted { .. })));
}

/// Time limits from nothing to a few milliseconds end calls while they connect, write and wait. On a busy machine it
/// may take more rounds until one ends before it was written.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_time_limit_at_the_moment_of_writing_never_misjudges_what_was_written() {
    let server = Server::answering(created()).await;
    let mut outcomes = Vec::new();
    let withdrawn = |outcome: &CreateOutcome| matches!(outcome, CreateOutcome::NotWritten { .. });
    for step in 0..1000 {
        if step >= 20 && outcomes.iter().any(withdrawn) {
            break;
        }
        let client = client_of(&server.base(), LONG, Duration::from_micros(step % 20 * 150));
        for _ in 0..20 {
            outcomes.push(create_with(&client, &outcomes.len().to_string()).await);
        }
    }
    assert!(outcomes.iter().any(withdrawn));
    assert_at_most_once(&server.finish().await, &outcomes);
}
