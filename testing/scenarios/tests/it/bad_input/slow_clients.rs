//! Clients that send slowly, or nothing.

use std::time::Duration;

use anyhow::Context as _;
use rustix::process::{Resource, getrlimit, setrlimit};
use support::{Expect, TestEnv, number};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::dashboard;

/// More than a listener serves at the same time.
const SLOW: usize = 600;
/// Enough for these connections, and for the tests that run at the same time.
const DESCRIPTORS: u64 = 4096;
/// Far above every limit, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Many systems allow 1024 open files at first, and more on demand; a worker inherits the limit.
fn allow_open_files() -> anyhow::Result<()> {
    let mut limit = getrlimit(Resource::Nofile);
    let wanted = DESCRIPTORS.min(limit.maximum.unwrap_or(DESCRIPTORS));
    if limit.current.is_some_and(|now| now < wanted) {
        limit.current = Some(wanted);
        setrlimit(Resource::Nofile, limit)?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_clients_are_cut_and_shut_nobody_out() -> anyhow::Result<()> {
    allow_open_files()?;
    let test = dashboard::test_env(TestEnv::builder()).await?;
    let worker = test.workers.first().context("a worker")?;
    let listeners =
        [worker.ops(), worker.webhook().context("a webhook")?, worker.admin().context("a dashboard")?];
    let mut slow = Vec::new();
    for address in listeners {
        for request in [
            "",
            "GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ",
            "POST /login HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n1",
        ] {
            let mut stream = TcpStream::connect(address).await?;
            stream.write_all(request.as_bytes()).await?;
            slow.push(stream);
        }
    }
    let webhook = worker.webhook().context("a webhook")?;
    let mut crowd = Vec::new();
    for _ in 0..SLOW {
        crowd.push(TcpStream::connect(webhook).await?);
    }
    // The callback of this message has to come through.
    test.signup("1042", &number(1)).await?;
    test.until_case("1042", "registered delivered -").await?;
    for mut stream in slow {
        let mut answer = Vec::new();
        // Err: it was reset, which is cut as well.
        let ended = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
        assert!(ended.is_ok(), "a slow client is still connected");
        let answer = String::from_utf8_lossy(&answer);
        assert!(!answer.starts_with("HTTP/1.1 2"), "{answer}");
    }
    test.finish(Expect::users(1)).await
}
