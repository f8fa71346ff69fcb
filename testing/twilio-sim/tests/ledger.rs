//! The ledger over HTTP and in process.

mod support;

use support::{Answer, Bench, NUMBER, SENDER};
use twilio_sim::{Action, NumberStats, Operation, Options, Rule};

const OTHER: &str = "+9779801234567";

#[tokio::test]
async fn duplicates_are_seen_even_when_the_answer_was_lost() {
    let bench = Bench::faults(Rule::new(Action::Reset { store: true }).on(Operation::Create).count(1));
    let fields = [("To", NUMBER), ("From", SENDER), ("Body", "hello")];
    assert!(bench.try_create(&fields).await.is_err());
    assert_eq!(bench.simulator.ledger().stats().duplicates, 0);
    assert_eq!(bench.create(&fields).await.status, 201);
    bench.send(OTHER).await;
    let stats = bench.simulator.ledger().stats_per_number();
    assert_eq!((stats.accepted, stats.distinct_numbers, stats.duplicates), (3, 2, 1));
    assert_eq!((stats.duplicate_numbers, stats.max_per_number), (vec![NUMBER.to_owned()], 2));
    assert_eq!(stats.per_number.unwrap()[NUMBER], NumberStats { asked: 2, accepted: 2 });
}

#[tokio::test]
async fn refused_calls_are_counted_as_asked() {
    let bench = Bench::faults(Rule::new(Action::error(21610)).on(Operation::Create));
    bench.send(NUMBER).await;
    let stats = bench.get("/_sim/stats?per_number=true").await;
    assert_eq!(stats.body["per_number"][NUMBER], serde_json::json!({"asked": 1, "accepted": 0}));
    assert_eq!(stats.body["requests"]["create"]["400"], 1);
    assert_eq!((&stats.body["accepted"], &stats.body["max_asked_per_number"]), (&0.into(), &1.into()));
    assert_eq!(stats.body["peak_per_second"]["asked"]["messages"], 1);
}

#[tokio::test]
async fn messages_by_number() {
    let bench = Bench::new();
    let first = bench.send(NUMBER).await;
    bench.send(OTHER).await;
    bench.send(OTHER).await;
    let counts = bench.get("/_sim/messages?per_number=true").await;
    assert_eq!(counts.body, serde_json::json!({NUMBER: 1, OTHER: 2}));
    let to = bench.get("/_sim/messages?to=%2B9779841234567&limit=5").await;
    assert_eq!(to.body["messages"][0]["sid"], first.body["sid"]);
    let typed = bench.get("/_sim/messages?to=+9779841234567").await;
    assert_eq!(typed.body["messages"][0]["sid"], first.body["sid"]);
    let newest = bench.get("/_sim/messages?limit=1").await;
    assert_eq!(
        (newest.body["messages"].as_array().unwrap().len(), &newest.body["messages"][0]["to"]),
        (1, &OTHER.into())
    );
    assert_eq!(bench.simulator.ledger().messages(None, 10).len(), 3);
}

#[tokio::test]
async fn segments_and_arrivals() {
    let bench = Bench::new();
    let body = "न".repeat(71);
    let sent = bench.create(&[("To", NUMBER), ("From", SENDER), ("Body", &body)]).await;
    assert_eq!(sent.text("num_segments"), "2");
    let refused = bench.create(&[("To", "nonsense"), ("From", SENDER), ("Body", "x")]).await;
    assert_eq!(refused.status, 400);
    let stats = bench.simulator.ledger().stats();
    assert_eq!((stats.peak_per_second.messages, stats.peak_per_second.segments), (1, 2));
    let timeline = bench.get("/_sim/timeline").await;
    let arrivals = timeline.body["arrivals"].as_array().unwrap();
    assert_eq!((arrivals.len(), &arrivals[0][1], &arrivals[1][1]), (2, &2.into(), &1.into()));
    assert!(arrivals[0][0].as_i64() <= arrivals[1][0].as_i64());
}

#[tokio::test]
async fn a_reset_is_a_fresh_start() {
    let bench = Bench::with(Options { suffix_faults: true, ..Options::default() });
    let limited = "+9779841239105";
    assert_eq!(bench.send(limited).await.status, 503);
    assert_eq!(bench.send(limited).await.status, 503);
    bench.simulator.set_faults([Rule::new(Action::error(20500))]);
    bench.simulator.set_revoked(true);
    assert_eq!(bench.admin("reset", "").await.status, 200);
    let stats = bench.simulator.ledger().stats();
    assert!(stats.accepted == 0 && stats.requests.is_empty());
    assert_eq!(bench.send(NUMBER).await.status, 201);
    assert_eq!(bench.send(limited).await.status, 503, "the suffix counts anew");
}

#[tokio::test]
async fn many_callers_at_once_are_counted_exactly() {
    let bench = Bench::with(Options { fast: true, ..Options::default() });
    let calls = (0..8).map(|caller| {
        let (client, url) = (bench.client.clone(), bench.messages_url());
        tokio::spawn(async move {
            for call in 0..50 {
                let to = format!("+97798412{:05}", (caller * 50 + call) % 200);
                let fields = [("To", to.as_str()), ("From", SENDER), ("Body", "x")];
                let request =
                    client.post(&url).basic_auth(support::ACCOUNT, Some(support::TOKEN)).form(&fields);
                assert_eq!(Answer::of(request.send().await.unwrap()).await.status, 201);
            }
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    let stats = bench.simulator.ledger().stats();
    assert_eq!((stats.accepted, stats.distinct_numbers, stats.duplicates), (400, 200, 200));
    assert_eq!((stats.numbers_with_duplicates, stats.max_per_number), (200, 2));
    assert!(stats.peak_per_second.messages <= 400);
}

#[tokio::test]
async fn dropping_it_frees_the_port() {
    let bench = Bench::new();
    let address = bench.simulator.address();
    assert_eq!(bench.send(NUMBER).await.status, 201);
    drop(bench);
    let again = Bench::with(Options { listen: address, ..Options::default() });
    assert_eq!(again.send(NUMBER).await.status, 201);
}

#[tokio::test]
async fn an_advanced_clock_moves_statuses_dates_and_list_lag() {
    let hour = std::time::Duration::from_secs(3600);
    let bench = Bench::with(Options { callback_delay: hour, list_lag: hour, ..Options::default() });
    let sid = bench.send(NUMBER).await.text("sid").to_owned();
    assert_eq!(bench.fetch(&sid).await.text("status"), "accepted");
    assert_eq!(bench.list("").await.body["messages"].as_array().unwrap().len(), 0);
    assert_eq!(bench.admin("clock", r#"{"advance":"25h"}"#).await.status, 200);
    assert_eq!(bench.fetch(&sid).await.text("status"), "delivered");
    assert_eq!(bench.list("").await.body["messages"].as_array().unwrap().len(), 1);
    let later = bench.send(NUMBER).await.text("date_created").to_owned();
    let age = chrono::DateTime::parse_from_rfc2822(&later).unwrap().to_utc() - chrono::Utc::now();
    assert!((24..=25).contains(&age.num_hours()), "{later}");
    assert_eq!(bench.admin("clock", r#"{"advance":"soon"}"#).await.status, 400);
}
