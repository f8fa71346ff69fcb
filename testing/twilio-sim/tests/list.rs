//! Listing messages.

mod support;

use support::{Bench, NUMBER, SERVICE};

const OTHER: &str = "+9779801234567";

fn sids(page: &serde_json::Value) -> Vec<String> {
    let messages = page["messages"].as_array().expect("messages");
    messages.iter().map(|message| message["sid"].as_str().expect("a sid").to_owned()).collect()
}

#[tokio::test]
async fn pages_stay_put_while_messages_arrive() {
    let bench = Bench::new();
    let mut expected = Vec::new();
    for _ in 0..7 {
        expected.insert(0, bench.send(NUMBER).await.text("sid").to_owned());
    }
    let mut page = bench.list("PageSize=3").await;
    let mut found = sids(&page.body);
    assert!(page.body["previous_page_uri"].is_null());
    while let Some(next) = page.body["next_page_uri"].as_str().map(str::to_owned) {
        bench.send(OTHER).await;
        page = bench.get(&next).await;
        found.extend(sids(&page.body));
    }
    assert_eq!(found, expected);
    assert_eq!((page.body["page"].as_u64(), page.body["page_size"].as_u64()), (Some(2), Some(3)));
    assert_eq!((page.body["start"].as_u64(), page.body["end"].as_u64()), (Some(6), Some(6)));
}

#[tokio::test]
async fn filters_by_address() {
    let bench = Bench::new();
    let wanted = bench.send(NUMBER).await;
    bench.send(OTHER).await;
    let by_to = bench.list("To=%2B9779841234567").await;
    assert_eq!(sids(&by_to.body), [wanted.text("sid")]);
    assert!(by_to.text("uri").contains("To=%2B9779841234567"));
    bench.wait_for_status(wanted.text("sid"), "delivered").await;
    assert_eq!(sids(&bench.list("From=AAMCARE&To=%2B9779841234567").await.body).len(), 1);
    assert!(sids(&bench.list("From=OTHER").await.body).is_empty());
}

#[tokio::test]
async fn filters_by_day_sent() {
    let bench = Bench::new();
    let sent = bench.send(NUMBER).await;
    let done = bench.wait_for_status(sent.text("sid"), "delivered").await;
    let day = chrono::DateTime::parse_from_rfc2822(done.text("date_sent")).unwrap().date_naive();
    let (before, after) = (day.pred_opt().unwrap(), day.succ_opt().unwrap());
    for (query, expected) in [
        (format!("DateSent={day}"), 1),
        (format!("DateSent={before}"), 0),
        (format!("DateSent%3E={day}"), 1),
        (format!("DateSent%3E={after}"), 0),
        (format!("DateSent%3C={before}"), 0),
        (format!("DateSent%3C={day}T00:00:00Z"), 1),
    ] {
        assert_eq!(sids(&bench.list(&query).await.body).len(), expected, "{query}");
    }
    assert_eq!(bench.list("DateSent=yesterday").await.code(), Some(20001));
}

#[tokio::test]
async fn bad_tokens() {
    let bench = Bench::new();
    for token in ["nonsense", "PASM00000000000000000000000000000001"] {
        let answer = bench.list(&format!("PageToken={token}")).await;
        assert_eq!((answer.status, answer.code()), (400, Some(21481)));
    }
}

#[tokio::test]
async fn a_listed_message_is_the_created_one() {
    let bench = Bench::new();
    let fields = [("To", NUMBER), ("MessagingServiceSid", SERVICE), ("Body", "नमस्ते")];
    let created = bench.create(&fields).await;
    let listed = &bench.list("").await.body["messages"][0];
    for field in ["sid", "body", "to", "messaging_service_sid", "date_created", "uri"] {
        assert_eq!(listed[field], created.body[field], "{field}");
    }
}
