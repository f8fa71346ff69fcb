use futures::FutureExt;

use super::*;

const GAPS: RetryPolicy = RetryPolicy { base: Duration::from_secs(5), max: Duration::from_secs(300) };
const USUAL: Entry = Entry { probe: false, destination_probe: false };
const PROBE: Entry = Entry { probe: true, destination_probe: false };

fn breaker(concurrency: usize) -> Breaker {
    Breaker::new(GAPS, Duration::from_secs(12), concurrency)
}

fn country(code: &str) -> Option<Destination> {
    code.parse().ok().map(Destination::Country)
}

fn row(scope: &str, kind: &str, due_in: f64) -> HeldScope {
    HeldScope { scope: scope.to_owned(), kind: kind.to_owned(), by_callback: false, due_in, open_for: 0.0 }
}

fn told(breaker: &Breaker) -> Vec<BreakerChange> {
    std::mem::take(&mut *lock(&breaker.changes))
}

#[tokio::test]
async fn every_kind_of_outage_opens_it_after_eight_calls_and_is_named() {
    for kind in Outage::ALL {
        let breaker = breaker(50);
        (0..7).for_each(|_| breaker.indefinite(kind, USUAL));
        assert_eq!(breaker.check(Lane::Live, USUAL), Ok(()));
        breaker.indefinite(kind, USUAL);
        assert_eq!(breaker.check(Lane::Live, USUAL), Err(Rejection::of(Reason::BreakerOpen, Duration::ZERO)));
        assert_eq!(told(&breaker), [BreakerChange::Opened(fault("network", kind.as_str(), false))]);
    }
}

#[tokio::test]
async fn kinds_in_any_mixture_open_it() {
    let breaker = breaker(50);
    let mut kinds = Outage::ALL.into_iter().cycle();
    (0..8).for_each(|_| breaker.indefinite(kinds.next().unwrap(), USUAL));
    assert_eq!(breaker.state.borrow().network, Some(Outage::Mixed));
}

#[test]
fn what_is_in_flight_when_it_opens_is_part_of_the_bound() {
    for concurrency in 1..100 {
        let threshold = usize::try_from(breaker(concurrency).longest_run).unwrap();
        assert!(threshold + concurrency - 1 <= 2 * concurrency, "{concurrency}");
    }
}

#[tokio::test]
async fn a_definite_answer_between_keeps_it_closed() {
    let breaker = breaker(50);
    for _ in 0..100 {
        (0..7).for_each(|_| breaker.indefinite(Outage::ServerError, USUAL));
        breaker.definite(USUAL);
    }
    assert!(!breaker.is_open(Lane::Live));
}

#[tokio::test]
async fn only_the_probe_passes_and_finds_out() {
    let breaker = breaker(1);
    (0..2).for_each(|_| breaker.indefinite(Outage::Timeout, USUAL));
    assert!(breaker.check(Lane::Live, USUAL).is_err() && breaker.check(Lane::Live, PROBE).is_ok());
    breaker.definite(USUAL);
    assert_eq!(*lock(&breaker.finding), None, "a call that was in flight proves nothing");
    breaker.indefinite(Outage::Reset, PROBE);
    assert_eq!(lock(&breaker.finding).take(), Some(Finding::Outage(Outage::Reset)));
    breaker.accepted(country("NP"), PROBE);
    assert_eq!(lock(&breaker.finding).take(), Some(Finding::Well));
    assert!(breaker.is_open(Lane::Live), "the database closes it");
}

#[tokio::test]
async fn a_scope_held_by_the_fleet_is_held_here_and_released_with_it() {
    let breaker = breaker(50);
    breaker.read(&[row("network", "5xx", 3.0)]);
    assert_eq!(breaker.state.borrow().scope(), Some(Scope::Network(Outage::ServerError)));
    breaker.read(&[row("account", "account", 3.0)]);
    assert_eq!(breaker.state.borrow().scope(), Some(Scope::Account));
    breaker.read(&[]);
    assert_eq!(breaker.check(Lane::Live, USUAL), Ok(()));
}

#[tokio::test]
async fn what_the_database_does_not_know_yet_stays() {
    let breaker = breaker(1);
    (0..2).for_each(|_| breaker.indefinite(Outage::Timeout, USUAL));
    breaker.hold(country("IN").unwrap(), Reason::Error(21408), false);
    breaker.read(&[]);
    assert!(breaker.is_open(Lane::Live) && breaker.holds_a_destination());
    told(&breaker);
    breaker.destinations().stored("country:IN");
    breaker.read(&[]);
    assert!(!breaker.is_open(Lane::Live) && !breaker.holds_a_destination());
}

#[tokio::test(start_paused = true)]
async fn a_country_is_held_back_alone_and_says_how_its_users_end() {
    let breaker = breaker(50);
    breaker.hold(country("IN").unwrap(), Reason::Error(21408), false);
    assert_eq!(breaker.check_destination(country("NP"), USUAL), Ok(()));
    let rejection = breaker.check_destination(country("IN"), USUAL).unwrap_err();
    assert!(rejection.again_in > Duration::from_secs(4), "not before its probe");
    assert_eq!((rejection.reason, rejection.ends_with), (Reason::BreakerOpen, Some(Reason::Error(21408))));
    let probe = Entry { destination_probe: true, ..USUAL };
    assert_eq!(breaker.check_destination(country("IN"), probe), Ok(()));
    breaker.accepted(country("IN"), probe);
    assert_eq!(breaker.check_destination(country("IN"), USUAL), Ok(()));
    assert_eq!(told(&breaker).last(), Some(&BreakerChange::Closed("country:IN".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn a_channel_is_held_back_alone_and_no_user_fails_by_it() {
    let breaker = breaker(50);
    let whatsapp = Destination::of("whatsapp", "NP".parse().ok());
    breaker.hold(whatsapp.unwrap(), Reason::Error(63007), false);
    assert_eq!(breaker.check_destination(Destination::of("sms", "NP".parse().ok()), USUAL), Ok(()));
    let rejection = breaker.check_destination(whatsapp, USUAL).unwrap_err();
    assert_eq!((rejection.reason, rejection.ends_with), (Reason::BreakerOpen, None));
    let scope = "channel:whatsapp";
    assert_eq!(told(&breaker), [BreakerChange::Opened(fault(scope, "error_63007", false))]);
    breaker.read(&[row(scope, "error_63007", 3.0)]);
    assert!(breaker.check_destination(whatsapp, USUAL).is_err());
    breaker.read(&[]);
    assert_eq!(breaker.check_destination(whatsapp, USUAL), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_for_its_turn_leaves_when_its_country_is_held_back() {
    let breaker = breaker(50);
    let (mut home, mut abroad) = (
        Box::pin(breaker.until_held(Lane::Live, country("NP"), USUAL)),
        Box::pin(breaker.until_held(Lane::Live, country("IN"), USUAL)),
    );
    assert!((&mut home).now_or_never().is_none() && (&mut abroad).now_or_never().is_none());
    breaker.hold(country("IN").unwrap(), Reason::Error(21408), false);
    assert!((&mut abroad).now_or_never().is_some());
    assert!((&mut home).now_or_never().is_none());
}

#[tokio::test(start_paused = true)]
async fn one_recipient_alone_never_holds_a_destination_back() {
    let breaker = breaker(50);
    let refused = |who| breaker.destination_refused(country("NP"), Reason::Error(21606), who);
    assert!((0..20).all(|_| refused("one") == Blame::Recipient));
    assert_eq!(refused("two"), Blame::Recipient);
    assert!(!breaker.holds_a_destination());
    assert_eq!(refused("three"), Blame::Destination);
    assert!(breaker.holds_a_destination());
}

#[tokio::test(start_paused = true)]
async fn what_a_callback_reported_ends_by_callback_alone() {
    let breaker = breaker(50);
    breaker.hold(country("US").unwrap(), Reason::Error(30034), true);
    breaker.accepted(country("US"), Entry { destination_probe: true, ..USUAL });
    assert!(breaker.holds_a_destination(), "the 201 proves nothing");
    tokio::time::sleep(Duration::from_millis(2)).await;
    let (before, after) = (Duration::from_secs(9), Duration::from_millis(1));
    breaker.delivered(|| country("US"), true, before);
    assert!(breaker.holds_a_destination(), "it was sent before, and says nothing of the hold");
    breaker.delivered(|| country("US"), false, after);
    assert!(breaker.holds_a_destination(), "it was sent on, and may still fail");
    assert_eq!(told(&breaker).last(), Some(&BreakerChange::Passed("country:US".to_owned())));
    breaker.delivered(|| country("US"), true, after);
    assert!(!breaker.holds_a_destination());
}

#[tokio::test]
async fn nothing_is_consumed_before_the_fleet_was_asked() {
    let breaker = breaker(50);
    assert!(!breaker.state.borrow().read);
    breaker.read(&[]);
    assert!(breaker.state.borrow().read);
}

#[tokio::test(start_paused = true)]
async fn the_days_cap_ends_with_the_day() {
    let breaker = breaker(50);
    breaker.cap_welcomes(Duration::from_secs(60));
    let rejection = breaker.check(Lane::Live, USUAL).unwrap_err();
    assert_eq!((rejection.reason, rejection.again_in), (Reason::DailyCap, Duration::from_secs(60)));
    tokio::time::advance(Duration::from_secs(61)).await;
    breaker.read(&[]);
    assert_eq!(breaker.check(Lane::Live, USUAL), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn the_days_welcomes_hold_welcomes_only_and_the_cap_of_twilio_holds_all() {
    let breaker = breaker(50);
    let held = || Lane::ALL.into_iter().filter(|lane| breaker.is_open(*lane)).collect::<Vec<_>>();
    breaker.cap_welcomes(Duration::from_secs(60));
    assert_eq!(held(), [Lane::Live, Lane::Backfill]);
    assert_eq!(breaker.check(Lane::Replies, USUAL), Ok(()));
    breaker.cap(Duration::from_secs(30));
    assert_eq!(held(), Lane::ALL);
    let again_in = |lane| breaker.check(lane, USUAL).unwrap_err().again_in.as_secs();
    assert_eq!((again_in(Lane::Live), again_in(Lane::Tips)), (60, 30));
    breaker.uncap();
    assert_eq!(held(), []);
}
