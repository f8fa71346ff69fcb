//! Contents and their approval through the API, and the ways in which a walk over them goes wrong.

mod support;

use serde_json::{Value, json};
use support::{Answer, Bench};
use twilio_sim::{Action, Operation, Rule};

const TEXT: &str = r#"{"friendly_name":"tip","language":"hi","variables":{"1":"26"},
    "types":{"twilio/text":{"body":"हप्ता {{1}} को सन्देश"}}}"#;

async fn create(bench: &Bench, json: &str) -> Answer {
    bench.json(reqwest::Method::POST, "/v1/Content", json).await
}

async fn load(bench: &Bench, names: &[&str]) {
    let contents: Vec<Value> = names
        .iter()
        .map(|name| {
            json!({
                "friendly_name": name,
                "language": "hi",
                "types": {"twilio/text": {"body": "नमस्ते"}},
                "approval_requests": {"category": "UTILITY", "status": "approved"},
            })
        })
        .collect();
    assert_eq!(bench.admin("content", &json!(contents).to_string()).await.status, 200);
}

/// The names on each page that the links lead to, for at most `most` pages.
async fn walk(bench: &Bench, path: &str, most: usize) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut next = Some(path.to_owned());
    while let Some(path) = next
        && pages.len() < most
    {
        let answer = bench.get(&path).await;
        let contents = answer.body["contents"].as_array().expect("contents");
        let name = |content: &Value| content["friendly_name"].as_str().unwrap_or_default().to_owned();
        pages.push(contents.iter().map(name).collect());
        let link = answer.body["meta"]["next_page_url"].as_str();
        next = link.map(|link| link.replace("https://content.twilio.com", ""));
    }
    pages
}

#[tokio::test]
async fn a_content_lives_from_creation_to_deletion() {
    let bench = Bench::new();
    let created = create(&bench, TEXT).await;
    assert_eq!(created.status, 201);
    let sid = created.text("sid").to_owned();
    assert!(sid.starts_with("HX") && sid.len() == 34);
    let url = format!("https://content.twilio.com/v1/Content/{sid}");
    assert_eq!(created.text("url"), url);
    assert_eq!(created.body["links"]["approval_create"], format!("{url}/ApprovalRequests/whatsapp"));
    assert!(created.text("date_created").ends_with('Z'));

    let path = format!("/v1/Content/{sid}");
    let changed = bench.json(reqwest::Method::PUT, &path, r#"{"friendly_name":"other"}"#).await;
    assert_eq!((changed.status, changed.text("friendly_name")), (200, "other"));
    assert_eq!(bench.get(&path).await.body["types"], created.body["types"]);
    assert_eq!(bench.delete(&path).await, 204);
    let gone = bench.get(&path).await;
    assert_eq!((gone.status, gone.code()), (404, Some(20404)));
    assert_eq!(bench.delete(&path).await, 404);
}

#[tokio::test]
async fn approval_follows_the_clock_until_it_is_set_by_hand() {
    let bench = Bench::new();
    let sid = create(&bench, TEXT).await.text("sid").to_owned();
    let path = format!("/v1/Content/{sid}/ApprovalRequests");
    let fetched = bench.get(&path).await;
    assert_eq!((&fetched.body["whatsapp"]["status"], fetched.text("sid")), (&json!("unsubmitted"), &*sid));

    let submit = format!("{path}/whatsapp");
    for bad in [r#"{"name":"Tip A","category":"UTILITY"}"#, r#"{"name":"tip_a","category":"TIP"}"#, "{"] {
        assert_eq!(bench.json(reqwest::Method::POST, &submit, bad).await.code(), Some(20001), "{bad}");
    }
    let good = r#"{"name":"tip_a","category":"UTILITY","send_ttl_seconds":null}"#;
    let submitted = bench.json(reqwest::Method::POST, &submit, good).await;
    let expected = json!({"name":"tip_a","category":"UTILITY","content_type":"twilio/text","status":"received",
        "rejection_reason":"","allow_category_change":true});
    assert_eq!((submitted.status, &submitted.body), (201, &expected));
    assert_eq!(bench.json(reqwest::Method::POST, &submit, good).await.status, 409);

    for expected in ["pending", "approved", "approved"] {
        bench.admin("clock", r#"{"advance":"10m"}"#).await;
        let whatsapp = bench.get(&path).await.body["whatsapp"].clone();
        assert_eq!((&whatsapp["status"], &whatsapp["type"]), (&json!(expected), &json!("whatsapp")));
    }
    let change = r#"{"status":"paused","category":"MARKETING"}"#;
    assert_eq!(bench.admin(&format!("content/{sid}"), change).await.status, 200);
    bench.admin("clock", r#"{"advance":"10m"}"#).await;
    let item = bench.get("/v1/ContentAndApprovals").await.body["contents"][0]["approval_requests"].clone();
    assert_eq!((&item["status"], &item["category"]), (&json!("paused"), &json!("MARKETING")));
    let fixed = bench.json(reqwest::Method::PUT, &format!("/v1/Content/{sid}"), TEXT).await;
    assert_eq!(fixed.status, 400);
    assert_eq!(bench.admin("content/HX1", change).await.status, 404);
}

#[tokio::test]
async fn bad_contents_are_refused() {
    let bench = Bench::new();
    for (json, expected) in [
        ("nonsense", 20001),
        (r#"{"language":"hi"}"#, 92001),
        (r#"{"language":"ne","types":{"twilio/text":{"body":"x"}}}"#, 92004),
    ] {
        let answer = create(&bench, json).await;
        assert_eq!((answer.status, answer.code()), (400, Some(expected)), "{json}");
    }
}

#[tokio::test]
async fn contents_of_another_account_are_not_found() {
    let bench = Bench::new();
    let foreign = json!({"account_sid": "AC00000000000000000000000000000009", "types": {}});
    let loaded = bench.admin("content", &foreign.to_string()).await;
    let sid = loaded.body["contents"][0]["sid"].as_str().unwrap().to_owned();
    assert_eq!(bench.get(&format!("/v1/Content/{sid}")).await.status, 404);
    assert_eq!(walk(&bench, "/v1/Content", 9).await, [Vec::<String>::new()]);
}

#[tokio::test]
async fn a_walk_sees_each_content_once() {
    let bench = Bench::new();
    load(&bench, &["a", "b", "c"]).await;
    assert_eq!(walk(&bench, "/v1/ContentAndApprovals?PageSize=2", 9).await, [vec!["a", "b"], vec!["c"]]);
    assert_eq!(walk(&bench, "/v2/Content?PageSize=1000&ContentName=b", 9).await, [["b"]]);
    let sorted = "/v2/ContentAndApprovals?SortByContentName=desc&ChannelEligibility=whatsapp:approved";
    assert_eq!(walk(&bench, sorted, 9).await, [["c", "b", "a"]]);
    assert_eq!(walk(&bench, "/v2/Content?Language=en", 9).await, [Vec::<String>::new()]);
    assert_eq!(walk(&bench, "/v1/LegacyContent", 9).await, [Vec::<String>::new()]);
    assert_eq!(bench.get("/v1/Content?PageToken=x").await.code(), Some(21481));
}

#[tokio::test]
async fn a_walk_can_be_made_to_fail() {
    let bench = Bench::new();
    load(&bench, &["a", "b", "c"]).await;
    let path = "/v1/ContentAndApprovals?PageSize=2";
    let rule = |action| Rule::new(action).on(Operation::ContentList);

    bench.simulator.set_faults([rule(Action::status(500, false))]);
    assert_eq!(bench.get(path).await.status, 500);

    bench.simulator.set_faults([rule(Action::EndlessPages)]);
    assert_eq!(walk(&bench, path, 20).await.len(), 20);

    bench.simulator.set_faults([rule(Action::RepeatPage).count(1)]);
    assert_eq!(walk(&bench, path, 9).await, [vec!["a", "b"], vec!["a", "b"], vec!["c"]]);

    bench.simulator.set_faults([rule(Action::BrokenJson)]);
    let url = format!("{}{path}", bench.simulator.url());
    let half = bench.client.get(url).basic_auth(support::ACCOUNT, Some(support::TOKEN)).send().await.unwrap();
    assert_eq!(half.status().as_u16(), 200);
    assert!(half.json::<Value>().await.is_err());
}
