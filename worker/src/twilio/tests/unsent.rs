//! Endings before the request was written: nothing happened at Twilio.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::super::PathFault;
use super::*;

fn not_written(cause: PathFault) -> CreateOutcome {
    CreateOutcome::NotWritten { cause }
}

/// A listener that answers each connection's first bytes with `text`, or only holds it if there is none.
async fn plain_listener(text: Option<&'static str>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut hello = [0; 2048];
            while stream.read(&mut hello).await.is_ok_and(|read| read > 0) {
                if let Some(text) = text {
                    let _ = stream.write_all(text.as_bytes()).await;
                }
            }
        }
    });
    base
}

#[tokio::test]
async fn a_refused_connection_is_not_written() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    assert_eq!(create(&client(&base)).await, not_written(PathFault::Connect));
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_not_written() {
    // A label of more than 63 characters cannot exist, so no name server is asked.
    let base = format!("http://{}.invalid", "a".repeat(64));
    assert_eq!(create(&client(&base)).await, not_written(PathFault::Dns));
}

#[tokio::test]
async fn a_failed_tls_handshake_is_not_written() {
    let base = plain_listener(Some("HTTP/1.1 400 Bad Request\r\n\r\n")).await;
    assert_eq!(create(&client(&base)).await, not_written(PathFault::Tls));
}

#[tokio::test]
async fn a_connect_timeout_is_not_written() {
    let base = plain_listener(None).await;
    let client = client_of(&base, Duration::from_millis(50), LONG);
    assert_eq!(create(&client).await, not_written(PathFault::ConnectTimeout));
}

#[tokio::test]
async fn a_total_timeout_while_still_connecting_is_not_written() {
    let base = plain_listener(None).await;
    let client = client_of(&base, LONG, Duration::from_millis(50));
    assert_eq!(create(&client).await, not_written(PathFault::ConnectTimeout));
}
