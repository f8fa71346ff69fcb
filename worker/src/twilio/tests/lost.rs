//! Endings after the request was written and before the answer was read: unknown, and never sent again.

use tokio::net::TcpListener;

use super::super::{PathFault, UnknownCause};
use super::server::{Reply, Server};
use super::*;

/// One create call against a server that does `reply` after the request; the request arrived exactly once.
async fn outcome_of(timeout: Duration, reply: impl Fn() -> Reply + Send + Sync + 'static) -> CreateOutcome {
    let server = Server::start(move |_, _| reply()).await;
    let client = client_of(&server.base(), LONG, timeout);
    let outcome = create(&client).await;
    drop(client);
    assert_eq!(server.finish().await.len(), 1, "{outcome:?}");
    outcome
}

fn unknown(cause: UnknownCause) -> CreateOutcome {
    CreateOutcome::Unknown { cause }
}

fn half(text: &str) -> String {
    text[..text.len() - 20].to_owned()
}

#[tokio::test]
async fn a_connection_closed_without_answer_is_unknown() {
    let outcome = outcome_of(LONG, || Reply::WriteAndClose(String::new())).await;
    assert_eq!(outcome, unknown(UnknownCause::Lost));
}

#[tokio::test]
async fn an_answer_that_is_no_http_is_unknown() {
    let outcome = outcome_of(LONG, || Reply::WriteAndClose("SSH-2.0-OpenSSH\r\n".into())).await;
    assert_eq!(outcome, unknown(UnknownCause::Lost));
}

#[tokio::test]
async fn an_answer_cut_in_its_head_is_unknown() {
    let outcome = outcome_of(LONG, || Reply::WriteAndClose("HTTP/1.1 201 Crea".into())).await;
    assert_eq!(outcome, unknown(UnknownCause::Lost));
}

#[tokio::test]
async fn an_answer_cut_in_its_body_is_unknown() {
    let outcome = outcome_of(LONG, || Reply::WriteAndClose(half(&created()))).await;
    assert_eq!(outcome, unknown(UnknownCause::Lost));
}

#[tokio::test]
async fn silence_past_the_time_limit_is_unknown() {
    let outcome = outcome_of(SHORT, || Reply::WriteAndHang(String::new())).await;
    assert_eq!(outcome, unknown(UnknownCause::Timeout));
}

#[tokio::test]
async fn a_body_that_never_ends_is_unknown() {
    let outcome = outcome_of(SHORT, || Reply::WriteAndHang(half(&created()))).await;
    assert_eq!(outcome, unknown(UnknownCause::Timeout));
}

#[tokio::test]
async fn a_server_that_closes_at_once_never_counts_as_an_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    let client = client(&base);
    for _ in 0..50 {
        // Which of the two depends on whether the close or the request comes first.
        match create(&client).await {
            CreateOutcome::Unknown { cause } => assert_eq!(cause, UnknownCause::Lost),
            CreateOutcome::NotWritten { cause } => assert_eq!(cause, PathFault::Closed),
            other => panic!("{other:?}"),
        }
    }
}
