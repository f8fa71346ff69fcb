use futures::FutureExt;

use super::*;

/// A permit, if the lane gets one without waiting.
fn at_once(permits: &Permits, lane: Lane) -> Option<Permit<'_>> {
    permits.take(Rank::of(lane)).now_or_never()
}

/// As many permits as the lane gets without waiting.
fn drain(permits: &Permits, lane: Lane) -> Vec<Permit<'_>> {
    std::iter::from_fn(|| at_once(permits, lane)).collect()
}

/// A wait for a permit that is not free.
fn waiting(permits: &Permits, rank: Rank) -> std::pin::Pin<Box<impl Future<Output = Permit<'_>>>> {
    let mut wait = Box::pin(permits.take(rank));
    assert!((&mut wait).now_or_never().is_none());
    wait
}

#[test]
fn a_live_call_finds_a_permit_beside_a_full_backfill() {
    let permits = Permits::new(10);
    let held = drain(&permits, Lane::Backfill);
    assert_eq!(held.len(), 9);
    assert!(at_once(&permits, Lane::Live).is_some());
}

#[test]
fn no_more_calls_than_permits() {
    let permits = Permits::new(2);
    let held = drain(&permits, Lane::Live);
    assert_eq!(held.len(), 2);
    assert!(at_once(&permits, Lane::Live).is_none());
    drop(held);
    assert!(at_once(&permits, Lane::Backfill).is_some());
}

#[test]
fn live_may_borrow_everything() {
    assert_eq!(drain(&Permits::new(10), Lane::Live).len(), 10);
}

#[tokio::test(start_paused = true)]
async fn as_many_are_kept_as_live_lately_held_and_it_fades() {
    let permits = Permits::new(100);
    drop((0..20).filter_map(|_| at_once(&permits, Lane::Live)).collect::<Vec<_>>());
    assert_eq!(drain(&permits, Lane::Backfill).len(), 79, "twenty and one are kept");
    tokio::time::sleep(Duration::from_secs(11)).await;
    drop(at_once(&permits, Lane::Backfill));
    assert_eq!(drain(&permits, Lane::Backfill).len(), 99);
}

#[test]
fn never_more_than_three_tenths_are_kept() {
    let permits = Permits::new(100);
    drop(drain(&permits, Lane::Live));
    assert_eq!(drain(&permits, Lane::Backfill).len(), 70);
}

#[test]
fn greedy_lanes_share_the_permits_by_weight() {
    let cases = [(&[Lane::Live, Lane::Backfill][..], &[80, 20][..]), (&Lane::ALL, &[40, 40, 10, 10])];
    for (lanes, fair) in cases {
        let permits = Permits::new(10);
        let mut held = drain(&permits, Lane::Live);
        let mut waits: Vec<_> = (0..400)
            .map(|n| n % lanes.len())
            .map(|lane| (lane, waiting(&permits, Rank::of(lanes[lane]))))
            .collect();
        let mut had = vec![0_usize; lanes.len()];
        for _ in 0..100 {
            held.remove(0);
            let next = waits.iter_mut().position(|(_, wait)| {
                wait.now_or_never().is_some_and(|permit| {
                    held.push(permit);
                    true
                })
            });
            had[waits.remove(next.expect("the permit went to a waiter")).0] += 1;
        }
        assert!(had.iter().zip(fair).all(|(had, fair)| had.abs_diff(*fair) <= 3), "{had:?}");
    }
}

#[test]
fn a_wait_that_was_given_up_keeps_no_permit() {
    let permits = Permits::new(1);
    let held = at_once(&permits, Lane::Live);
    let gone = [0; 3].map(|_| waiting(&permits, Rank::of(Lane::Backfill)));
    // The first is granted and not fetched; the others leave before it.
    drop(held);
    drop(gone);
    assert!(at_once(&permits, Lane::Live).is_some());
}

#[test]
fn a_lower_limit_is_reached_by_calls_that_end() {
    let permits = Permits::new(10);
    let throttled = CallSample { call: Call::Create, started: Instant::now(), throttled: true };
    let mut held = drain(&permits, Lane::Live);
    held.remove(0).finish(Some(throttled));
    assert!(at_once(&permits, Lane::Live).is_none(), "nine are in flight, seven may be");
    held.truncate(6);
    assert!(at_once(&permits, Lane::Live).is_some());
}

#[test]
fn what_waited_for_the_rate_goes_first() {
    let permits = Permits::new(1);
    let held = at_once(&permits, Lane::Live);
    let mut ordinary = waiting(&permits, Rank::of(Lane::Live));
    let mut first = waiting(&permits, Rank::of(Lane::Live).first());
    drop(held);
    assert!((&mut ordinary).now_or_never().is_none() && (&mut first).now_or_never().is_some());
}
