//! Waits until the next page may be published.

use chrono::Utc;
use tokio::time::{Instant, sleep, sleep_until};

use crate::{context::Context, pace::LOOK_AGAIN, publish::Sink, teller::Teller};

/// Waits for the rate and for room in the queue; ends early when told to stop.
pub(crate) async fn until_ready(sink: &mut Sink, context: &Context, done: u64, teller: &mut Teller) {
    let Sink::Broker(broker) = sink else { return };
    let pace = &mut broker.1;
    if pace.next() > Instant::now() {
        tokio::select! {
            () = context.stop.cancelled() => return,
            () = sleep_until(pace.next()) => {}
        }
    }
    while let Some(ready) = pace.too_many().await {
        teller.waits(done, &full(ready, context));
        tokio::select! {
            () = context.stop.cancelled() => return,
            () = sleep(LOOK_AGAIN) => {}
        }
    }
}

fn full(ready: u32, context: &Context) -> String {
    let (window, now) = (&context.settings.window, Utc::now());
    let waits = format!("{ready} wait in the queue (--max-depth {})", context.args.pace.max_depth);
    if window.contains(now) {
        waits
    } else {
        format!("{waits}; the worker goes on at {}", window.local(window.next_opening(now)))
    }
}
