use std::time::Duration;

use futures::FutureExt;

use super::*;

/// As many permits as the lane gets without waiting.
fn drain(permits: &Permits, lane: QueueLane) -> Vec<Permit<'_>> {
    std::iter::from_fn(|| permits.take(Rank::of(lane)).now_or_never()).collect()
}

#[tokio::test]
async fn a_live_call_finds_a_permit_beside_a_full_backfill() {
    let permits = Permits::new(10);
    let held = drain(&permits, QueueLane::Backfill);
    assert_eq!(held.len(), 9);
    assert!(permits.take(Rank::of(QueueLane::Live)).now_or_never().is_some());
}

#[tokio::test]
async fn no_more_calls_than_permits() {
    let permits = Permits::new(2);
    let held = drain(&permits, QueueLane::Live);
    assert_eq!(held.len(), 2);
    assert!(permits.take(Rank::of(QueueLane::Live)).now_or_never().is_none());
    drop(held);
    assert!(permits.take(Rank::of(QueueLane::Backfill)).now_or_never().is_some());
}

#[tokio::test]
async fn live_may_borrow_everything() {
    let permits = Permits::new(10);
    assert_eq!(drain(&permits, QueueLane::Live).len(), 10);
}

#[tokio::test(start_paused = true)]
async fn as_many_are_kept_as_live_lately_held_and_it_fades() {
    let permits = Permits::new(100);
    drop((0..20).filter_map(|_| permits.take(Rank::of(QueueLane::Live)).now_or_never()).collect::<Vec<_>>());
    let held = drain(&permits, QueueLane::Backfill);
    assert_eq!(held.len(), 79, "twenty and one are kept");
    drop(held);
    tokio::time::sleep(Duration::from_secs(11)).await;
    drop(permits.take(Rank::of(QueueLane::Backfill)).await);
    assert_eq!(drain(&permits, QueueLane::Backfill).len(), 99);
}

#[tokio::test]
async fn never_more_than_three_tenths_are_kept() {
    let permits = Permits::new(100);
    drop(drain(&permits, QueueLane::Live));
    assert_eq!(drain(&permits, QueueLane::Backfill).len(), 70);
}

#[tokio::test]
async fn who_waits_in_both_lanes_shares_seven_to_three() {
    let permits = Permits::new(10);
    let mut held = drain(&permits, QueueLane::Live);
    let mut waiting: Vec<_> = (0..400)
        .map(|n| QueueLane::ALL[n % 2])
        .map(|lane| (lane, Box::pin(permits.take(Rank::of(lane)))))
        .collect();
    for (_, place) in &mut waiting {
        assert!(place.now_or_never().is_none());
    }
    let mut had = [0_usize; 2];
    for _ in 0..100 {
        held.remove(0);
        let next = waiting.iter_mut().position(|(_, place)| {
            place.now_or_never().is_some_and(|permit| {
                held.push(permit);
                true
            })
        });
        had[waiting.remove(next.expect("the permit went to somebody")).0 as usize] += 1;
    }
    assert!(had[0].abs_diff(70) <= 3, "{had:?}");
}

#[tokio::test]
async fn who_left_the_queue_keeps_no_permit() {
    let permits = Permits::new(1);
    let held = permits.take(Rank::of(QueueLane::Live)).await;
    let mut gone: Vec<_> = (0..3).map(|_| Box::pin(permits.take(Rank::of(QueueLane::Backfill)))).collect();
    for place in &mut gone {
        assert!(place.now_or_never().is_none());
    }
    // The first is granted and not fetched; the others leave before it.
    drop(held);
    drop(gone);
    assert!(permits.take(Rank::of(QueueLane::Live)).now_or_never().is_some());
}

#[tokio::test]
async fn a_lower_limit_is_reached_by_calls_that_end() {
    let permits = Permits::new(10);
    let started = Instant::now();
    let throttled = Echo { call: Call::Create, started, throttled: true };
    let mut held = drain(&permits, QueueLane::Live);
    held.remove(0).finish(Some(throttled));
    assert!(
        permits.take(Rank::of(QueueLane::Live)).now_or_never().is_none(),
        "nine are in flight, seven may be"
    );
    held.truncate(6);
    assert!(permits.take(Rank::of(QueueLane::Live)).now_or_never().is_some());
}

#[tokio::test]
async fn what_waited_for_the_rate_goes_first() {
    let permits = Permits::new(1);
    let held = permits.take(Rank::of(QueueLane::Live)).await;
    let mut ordinary = Box::pin(permits.take(Rank::of(QueueLane::Live)));
    assert!((&mut ordinary).now_or_never().is_none());
    let mut first = Box::pin(permits.take(Rank::of(QueueLane::Live).first()));
    assert!((&mut first).now_or_never().is_none());
    drop(held);
    assert!((&mut ordinary).now_or_never().is_none() && (&mut first).now_or_never().is_some());
}
