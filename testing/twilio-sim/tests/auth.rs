//! Credentials, accounts, paths, methods.

mod support;

use reqwest::StatusCode;
use support::{ACCOUNT, Answer, Bench, NUMBER, SENDER, SERVICE, TOKEN};
use twilio_sim::{ApiKey, Options};

const KEY: &str = "SK00000000000000000000000000000001";
const TEST_ACCOUNT: &str = "AC00000000000000000000000000000002";

fn bench() -> Bench {
    let pair = |sid: &str, secret: &str| ApiKey { sid: sid.to_owned(), secret: secret.to_owned() };
    Bench::with(Options {
        api_keys: vec![pair(KEY, "secret")],
        test_credentials: Some(pair(TEST_ACCOUNT, "test")),
        ..Options::default()
    })
}

async fn get_as(bench: &Bench, user: &str, password: &str, path: &str) -> Answer {
    let url = format!("{}{path}", bench.simulator.url());
    let request = bench.client.get(url).basic_auth(user, Some(password));
    Answer::of(request.send().await.expect("an answer")).await
}

fn messages(account: &str) -> String {
    format!("/2010-04-01/Accounts/{account}/Messages.json")
}

#[tokio::test]
async fn token_and_key_are_admitted() {
    let bench = bench();
    assert_eq!(get_as(&bench, ACCOUNT, TOKEN, &messages(ACCOUNT)).await.status, 200);
    assert_eq!(get_as(&bench, KEY, "secret", &messages(ACCOUNT)).await.status, 200);
    let account = format!("/2010-04-01/Accounts/{ACCOUNT}.json");
    let profile = get_as(&bench, ACCOUNT, TOKEN, &account).await;
    assert_eq!((profile.text("type"), profile.text("status")), ("Full", "active"));
    assert_eq!(get_as(&bench, KEY, "secret", &account).await.status, 401);
}

#[tokio::test]
async fn wrong_credentials_get_the_20003_body() {
    let bench = bench();
    for (user, password) in [(ACCOUNT, "wrong"), (KEY, TOKEN), ("", "")] {
        let answer = get_as(&bench, user, password, &messages(ACCOUNT)).await;
        assert_eq!((answer.status, answer.code()), (401, Some(20003)));
        assert_eq!(answer.text("detail"), "Your AccountSid or AuthToken was incorrect.");
    }
    let unsigned = bench.client.get(bench.messages_url()).send().await.unwrap();
    assert_eq!(unsigned.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn other_accounts_and_paths_are_not_found() {
    let bench = bench();
    for path in [
        messages(TEST_ACCOUNT),
        format!("/2010-04-01/Accounts/{ACCOUNT}/Messages"),
        format!("/2010-04-01/Accounts/{ACCOUNT}/Calls.json"),
        "/".to_owned(),
    ] {
        let answer = bench.get(&path).await;
        assert_eq!((answer.status, answer.code()), (404, Some(20404)), "{path}");
        assert_eq!(answer.text("message"), format!("The requested resource {path} was not found"));
    }
}

#[tokio::test]
async fn methods_and_headers() {
    let bench = bench();
    let request = bench.client.delete(bench.messages_url()).basic_auth(ACCOUNT, Some(TOKEN));
    let response = request.send().await.unwrap();
    let request_id = response.headers()["twilio-request-id"].to_str().unwrap().to_owned();
    assert!(request_id.starts_with("RQ") && request_id.len() == 34, "{request_id}");
    assert_eq!(response.headers()["twilio-concurrent-requests"], "1");
    let answer = Answer::of(response).await;
    assert_eq!((answer.status, answer.code()), (405, Some(20004)));
}

#[tokio::test]
async fn test_credentials_only_create_and_store_nothing() {
    let bench = bench();
    let refused = get_as(&bench, TEST_ACCOUNT, "test", &messages(TEST_ACCOUNT)).await;
    assert_eq!((refused.status, refused.code()), (403, Some(20008)));
    let url = format!("{}{}", bench.simulator.url(), messages(TEST_ACCOUNT));
    let create = async |from: &str| {
        let fields = [("To", NUMBER), ("From", from), ("Body", "hello")];
        let request = bench.client.post(&url).basic_auth(TEST_ACCOUNT, Some("test")).form(&fields);
        Answer::of(request.send().await.unwrap()).await
    };
    let queued = create(SENDER).await;
    assert_eq!((queued.status, queued.text("status")), (201, "queued"));
    assert_eq!(queued.text("account_sid"), TEST_ACCOUNT);
    assert_eq!(create("AAMCARE").await.code(), Some(21606));
    assert_eq!(create("+15005550001").await.code(), Some(21212));
    assert_eq!(bench.accepted(), 0);
}

#[tokio::test]
async fn revocation_and_rotation() {
    let bench = bench();
    assert_eq!(bench.admin("credentials", r#"{"revoked":true}"#).await.status, 200);
    assert_eq!(bench.send(NUMBER).await.code(), Some(20003));
    assert_eq!(get_as(&bench, KEY, "secret", &messages(ACCOUNT)).await.status, 401);
    bench.admin("credentials", r#"{"revoked":false}"#).await;
    assert_eq!(bench.send(NUMBER).await.status, 201);
    bench.admin("credentials", r#"{"auth_token":"next"}"#).await;
    assert_eq!(bench.send(NUMBER).await.code(), Some(20003));
    assert_eq!(get_as(&bench, ACCOUNT, "next", &messages(ACCOUNT)).await.status, 200);
    assert_eq!(bench.admin("credentials", r#"{"token":"typo"}"#).await.status, 400);
    assert_eq!(bench.accepted(), 1);
}

#[tokio::test]
async fn services_senders_and_permissions() {
    let bench = Bench::with(Options { geo_disabled: vec!["IN".to_owned()], ..Options::default() });
    let service = bench.get(&format!("/v1/Services/{SERVICE}")).await;
    assert_eq!((service.status, service.text("sid")), (200, SERVICE));
    let missing = bench.get("/v1/Services/MG00000000000000000000000000000009").await;
    assert_eq!((missing.status, missing.code()), (404, Some(20404)));
    let numbers = format!("/2010-04-01/Accounts/{ACCOUNT}/IncomingPhoneNumbers.json");
    let owned = bench.get(&format!("{numbers}?PhoneNumber=%2B15005550006")).await;
    assert_eq!(owned.body["incoming_phone_numbers"][0]["phone_number"], SENDER);
    let other = bench.get(&format!("{numbers}?PhoneNumber=%2B15005550007")).await;
    assert_eq!(other.body["incoming_phone_numbers"], serde_json::json!([]));
    let geo = bench.get("/v1/Messaging/GeoPermissions?CountryCode=NP,IN").await;
    let enabled = |index: usize| geo.body["permissions"][index]["enabled"].as_bool().unwrap();
    assert!(enabled(0) && !enabled(1));
}

#[tokio::test]
async fn a_caller_id_is_validated_once() {
    let bench = bench();
    let url = format!("{}/2010-04-01/Accounts/{ACCOUNT}/OutgoingCallerIds.json", bench.simulator.url());
    let validate = async || Answer::of(bench.post(&url, &[("PhoneNumber", NUMBER)]).await.unwrap()).await;
    let first = validate().await;
    assert_eq!((first.status, first.text("validation_code").len()), (200, 6));
    let second = validate().await;
    assert_eq!((second.status, second.code()), (400, Some(21450)));
}
