//! A worker whose threads all hang says so. It needs the worker built with the feature `failpoints`.

use std::time::Duration;

use support::{TestEnv, until};

use crate::people::signups;

#[tokio::test(flavor = "multi_thread")]
async fn a_hanging_worker_is_not_alive() -> anyhow::Result<()> {
    let mut test = TestEnv::builder()
        .env("FAILPOINT", "hang_in_handler:1")
        .env("TOKIO_WORKER_THREADS", "2")
        .build()
        .await?;
    test.launch_worker().await?.until_ready(200).await?;
    assert_eq!(test.workers[0].probe("livez").await?.0, 200);
    test.broker.publish_all(&signups(0..10)).await?;
    let said = until("/livez says that it hangs", Duration::from_secs(60), async || {
        let (status, body) = test.workers[0].probe("livez").await?;
        Ok(if status == 503 { Ok(body) } else { Err(body) })
    })
    .await?;
    assert!(said.contains("hangs"), "{said}");
    let (status, text) = test.workers[0].probe("metrics").await?;
    assert!(status == 200 && text.contains("onboarding_events_in_flight"), "what it knows can still be read");
    test.kill_worker(0)?;
    test.env.remove("FAILPOINT");
    test.start_worker().await?;
    test.finish(support::Expect::users(10)).await
}
