use futures::FutureExt;

use super::*;

const GAPS: RetryPolicy = RetryPolicy { base: Duration::from_secs(5), max: Duration::from_secs(300) };

#[tokio::test]
async fn an_account_fault_holds_everything_back() {
    let breaker = Breaker::new(GAPS);
    assert!(breaker.admit(Some("NP")).await.is_ok());
    breaker.open(Scope::Account);
    let trip = breaker.admit(Some("NP")).await.err();
    assert_eq!(trip, Some(Trip { reason: Reason::BreakerOpen, again_in: Duration::ZERO }));
    assert!(breaker.check().is_err());
}

#[tokio::test]
async fn half_open_lets_one_call_through_and_the_others_wait_for_it() {
    let breaker = Breaker::new(GAPS);
    breaker.open(Scope::Account);
    breaker.half_open();
    let probe = breaker.admit(None).now_or_never().expect("one call goes");
    assert!(breaker.admit(None).now_or_never().is_none(), "a second one waits");
    breaker.worked(None);
    assert!(breaker.admit(None).now_or_never().is_some());
    drop(probe);
    assert!(breaker.admit(None).now_or_never().is_some_and(|a| a.is_ok()));
}

#[tokio::test]
async fn a_probe_without_a_verdict_lets_another_one_go() {
    let breaker = Breaker::new(GAPS);
    breaker.open(Scope::Network);
    breaker.half_open();
    drop(breaker.admit(None).await.ok());
    assert!(breaker.admit(None).now_or_never().is_some());
}

#[tokio::test]
async fn only_path_faults_in_a_row_open_it() {
    let breaker = Breaker::new(GAPS);
    for _ in 0..10 {
        breaker.path_fault();
        breaker.path_fault();
        breaker.worked(None);
    }
    assert!(!breaker.is_open());
    (0..3).for_each(|_| breaker.path_fault());
    assert!(breaker.is_open());
}

#[tokio::test(start_paused = true)]
async fn a_country_is_held_back_alone_and_probed_after_a_gap() {
    let breaker = Breaker::new(GAPS);
    breaker.open(Scope::Country("IN".into()));
    assert!(breaker.admit(Some("NP")).await.is_ok());
    let held = breaker.admit(Some("IN")).await.err().expect("held");
    assert!(held.again_in > Duration::from_secs(4));
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert!(breaker.admit(Some("IN")).await.is_ok(), "the probe");
    assert!(breaker.admit(Some("IN")).await.is_err(), "the next one waits for the probe's verdict");
    breaker.worked(Some("IN"));
    assert!(breaker.admit(Some("IN")).await.is_ok());
}

#[test]
fn probes_come_at_growing_gaps() {
    let breaker = Breaker::new(GAPS);
    let mut gaps = Vec::new();
    for _ in 0..8 {
        breaker.open(Scope::Account);
        gaps.push(breaker.gap().as_secs());
        breaker.half_open();
    }
    assert_eq!(gaps, [5, 10, 20, 40, 80, 160, 300, 300]);
}
