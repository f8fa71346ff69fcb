//! Files of messages on the pages: who opens them, what the browser is told of them, and which are refused.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use support::{TestEnv, hex, number};

use super::{
    browser::{Browser, Page},
    inbox::{deliver, talk},
    signed_in, test_env,
};
use crate::inbox::{two_way, written};

/// Nothing else contains it.
const MARKER: &str = "ultrasound-7f3a";
const LOOKS: &str = "SELECT count(*) FROM audit_log WHERE action = 'inbox media'";

/// Not UTF-8, as a picture.
fn bytes() -> Vec<u8> {
    [b"\xff\xd8\xff\xe0\x00\r\n".as_slice(), MARKER.as_bytes(), b"\x80\xff\xd9"].concat()
}

/// A person sends one file. Returns the SID of the message.
async fn sent(test: &TestEnv, n: u32, file: Value) -> anyhow::Result<String> {
    let mut message = written(test, n, "");
    message["media"] = json!([file]);
    deliver(test, message).await
}

fn file(kind: &str) -> Value {
    json!({ "content_type": kind, "data": STANDARD.encode(bytes()) })
}

async fn open(browser: &mut Browser, id: &str, message: &str) -> anyhow::Result<Page> {
    let fields = [("id", id), ("message", message), ("file", "1"), ("reason", "she asks about it")];
    browser.act("/conversation/media", &fields).await
}

/// Rows of all tables that contain the text.
async fn rows_with(test: &TestEnv, text: &str) -> anyhow::Result<i64> {
    let count = "format('SELECT count(*) AS n FROM %I t WHERE t::text LIKE %L', table_name, '%TEXT%')";
    let sql = format!(
        "SELECT coalesce(sum((xpath('//n/text()', query_to_xml({count}, false, true, '')))[1]::text::bigint), 0)::bigint
         FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
    );
    test.database.number(&sql.replace("TEXT", text)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_reaches_the_care_team_byte_by_byte_and_stays_nowhere() -> anyhow::Result<()> {
    let test = test_env(two_way().env("RUST_LOG", "debug")).await?;
    let message = sent(&test, 1, file("image/jpeg")).await?;
    let id = talk(&test).await?;
    let path = format!("/conversation?id={id}");
    for name in ["ram", "maya"] {
        let mut browser = signed_in(&test, name).await?;
        let page = browser.get(&path).await?.body;
        assert!(!page.contains("/conversation/media") && !page.contains(&message), "{name}: {page}");
        let page = open(&mut browser, &id, &message).await?;
        assert!(page.status == 403 && !page.body.contains(MARKER), "{name}: {page:?}");
    }
    let mut asha = signed_in(&test, "asha").await?;
    let page = asha.get(&path).await?.body;
    assert!(page.contains("action=\"/conversation/media\"") && page.contains(&message), "{page}");
    let blank = [("id", id.as_str()), ("message", &message), ("file", "1"), ("reason", " ")];
    assert_eq!(asha.act("/conversation/media", &blank).await?.status, 422, "a reason is needed");
    assert_eq!(asha.get("/conversation/media").await?.status, 405, "a link opens nothing");
    assert_eq!(test.database.number(LOOKS).await?, 0);

    let before = test.workers[0].log().len();
    // The simulator's store is on another host, and refuses requests with credentials.
    let page = open(&mut asha, &id, &message).await?;
    assert_eq!((page.status, &page.bytes), (200, &bytes()), "{page:?}");
    let length = bytes().len().to_string();
    for (name, value) in [
        ("content-type", "image/jpeg"),
        ("content-length", length.as_str()),
        ("content-disposition", "inline; filename=\"file.jpg\""),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-store"),
        ("cross-origin-resource-policy", "same-origin"),
        (
            "content-security-policy",
            "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'",
        ),
    ] {
        assert_eq!(page.header(name), value, "{name}");
    }
    let entry = format!(
        "{LOOKS} AND actor = 'asha' AND subject = 'conversation {id}' AND reason = 'she asks about it'"
    );
    assert_eq!(test.database.number(&entry).await?, 1);

    let encoded = STANDARD.encode(bytes());
    let hex = hex(MARKER.as_bytes());
    assert!(rows_with(&test, &message).await? > 0, "the search finds what is there");
    for text in [MARKER, &encoded, &hex, "image/jpeg", "_store"] {
        assert_eq!(rows_with(&test, text).await?, 0, "{text}");
    }
    let log = test.workers[0].log();
    for text in [MARKER, &encoded, "_store", "/Media", number(1).trim_start_matches("+977")] {
        let line = log.lines().find(|line| line.contains(text));
        assert_eq!(line, None, "{text}");
    }
    assert!(!log[before..].contains(&message), "the look is in the audit log alone: {log}");
    test.close()
}

#[tokio::test(flavor = "multi_thread")]
async fn sound_films_and_documents_are_saved_under_a_neutral_name() -> anyhow::Result<()> {
    let test = test_env(two_way()).await?;
    let mut asha = signed_in(&test, "asha").await?;
    for (kind, name) in
        [("audio/ogg", "file.ogg"), ("video/mp4", "file.mp4"), ("application/pdf", "file.pdf")]
    {
        let message = sent(&test, 1, file(kind)).await?;
        let id = talk(&test).await?;
        let page = open(&mut asha, &id, &message).await?;
        assert_eq!((page.status, page.header("content-type"), &page.bytes), (200, kind, &bytes()));
        assert_eq!(page.header("content-disposition"), format!("attachment; filename=\"{name}\""));
    }
    test.close()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_not_opened_says_why_and_nobody_looked_at_it() -> anyhow::Result<()> {
    let test = test_env(two_way()).await?;
    let mut asha = signed_in(&test, "asha").await?;
    let mut messages = Vec::new();
    let page = STANDARD.encode("<script>alert(1)</script>");
    for one in [
        json!({ "content_type": "text/html", "data": page }),
        json!({ "content_type": "image/svg+xml", "data": page }),
        json!({ "content_type": "image/png", "size": 16 * 1024 * 1024 + 1 }),
        file("image/png"),
    ] {
        messages.push(sent(&test, 1, one).await?);
    }
    let text = deliver(&test, written(&test, 1, "hello")).await?;
    let others = sent(&test, 2, file("image/png")).await?;
    let id = talk(&test).await?;
    let refused = [
        (&messages[0], 415, "this file is something else"),
        (&messages[1], 415, "this file is something else"),
        (&messages[2], 413, "larger than 16 MB"),
        (&text, 404, "no such file"),
    ];
    for (message, status, words) in refused {
        let page = open(&mut asha, &id, message).await?;
        assert!(page.status == status && page.body.contains(words), "{words}: {page:?}");
        assert!(page.header("content-type").starts_with("text/html"), "{page:?}");
        assert!(!page.body.contains("alert(1)"), "{page:?}");
    }
    let page = open(&mut asha, &id, &others).await?;
    assert_eq!(page.header("location"), "/inbox?note=no_such_talk", "of another conversation");
    assert_eq!(open(&mut asha, &id, "../x").await?.status, 422);

    let photo = &messages[3];
    for (operation, code, status, words) in [
        ("media_list", 20404, 404, "does not have the file any more"),
        ("media_fetch", 20404, 404, "does not have the file any more"),
        ("media_list", 20500, 502, "does not give the file"),
        ("media_fetch", 20503, 502, "does not give the file"),
    ] {
        let fault = json!([{ "operation": operation, "action": { "type": "error", "code": code } }]);
        test.simulator.faults(fault).await?;
        let page = open(&mut asha, &id, photo).await?;
        assert!(page.status == status && page.body.contains(words), "{operation} {code}: {page:?}");
    }
    test.simulator.faults(json!([])).await?;
    assert_eq!(test.database.number(LOOKS).await?, 0);
    assert_eq!(open(&mut asha, &id, photo).await?.status, 200);

    // The rest of a message after its time.
    let forgotten = "UPDATE inbound SET phone_e164 = NULL, external_id = NULL, payload = NULL, answers_sid = NULL, body = NULL";
    test.database.execute(forgotten).await?;
    let page = open(&mut asha, &id, photo).await?;
    assert!(page.status == 410 && page.body.contains("the time of this message is over"), "{page:?}");
    assert!(!page.body.contains("/conversation/media"), "{page:?}");
    assert_eq!(test.database.number(LOOKS).await?, 1);
    let log = test.workers[0].log();
    let faults: Vec<&str> = log.lines().filter(|line| line.contains("a file of a message")).collect();
    assert_eq!(faults.len(), 2, "{log}");
    for message in messages.iter().chain([&text, &others]) {
        assert!(!faults.iter().any(|line| line.contains(message.as_str())), "{faults:?}");
    }
    test.close()
}

#[tokio::test(flavor = "multi_thread")]
async fn four_files_are_opened_at_the_same_time_and_a_fifth_is_refused() -> anyhow::Result<()> {
    let test = test_env(two_way()).await?;
    let message = sent(&test, 1, file("image/jpeg")).await?;
    let id = talk(&test).await?;
    let mut browsers = Vec::new();
    for _ in 0..5 {
        browsers.push(signed_in(&test, "asha").await?);
    }
    let silence = json!([{ "operation": "media_list", "action": { "type": "hang", "ms": 8000 } }]);
    test.simulator.faults(silence).await?;
    let opened = browsers.iter_mut().map(|browser| open(browser, &id, &message));
    let mut statuses = Vec::new();
    for page in futures::future::join_all(opened).await {
        statuses.push(page?.status);
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [502, 502, 502, 502, 503]);
    test.simulator.faults(json!([])).await?;
    assert_eq!(open(&mut browsers[0], &id, &message).await?.status, 200, "there is room again");
    test.close()
}
