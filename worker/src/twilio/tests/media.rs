//! The files of a message: the list, the way over a redirect, and what the store is told.

use super::super::{MessageSid, fault::ReadFault, media::MediaFault, sid::MediaSid};
use super::server::{Reply, Server};
use super::*;

const FILE: &str = "ME00000000000000000000000000000005";

fn message() -> MessageSid {
    MessageSid::parse(MESSAGE).unwrap()
}

fn file() -> MediaSid {
    MediaSid::parse(FILE).unwrap()
}

fn redirect(to: &str) -> String {
    format!("HTTP/1.1 307 Temporary Redirect\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n")
}

fn path() -> String {
    format!("/2010-04-01/Accounts/{ACCOUNT}/Messages/{MESSAGE}/Media/{FILE}")
}

/// All bytes of the file, or why there are none.
async fn read(client: &Client, within: Duration) -> Result<String, MediaFault> {
    let mut stream = client.open_media(&message(), &file(), within).await?;
    let mut bytes = Vec::new();
    while let Some(piece) = stream.next().await? {
        bytes.extend_from_slice(&piece);
    }
    Ok(String::from_utf8(bytes).unwrap())
}

fn has_credentials(head: &str) -> bool {
    head.to_ascii_lowercase().contains("authorization:")
}

#[tokio::test]
async fn the_files_of_a_message_are_listed_in_twilios_order() {
    let two = r#"{"media_list":[{"sid":"ME00000000000000000000000000000006","content_type":"audio/ogg","parent_sid":"x"},
                                {"sid":"ME00000000000000000000000000000005","content_type":null}],"page":0}"#;
    let server = Server::answering(answer("200 OK", two)).await;
    let client = client(&server.base());
    let listed = client.list_media(&message()).await.unwrap();
    let shown: Vec<_> = listed.iter().map(|one| (one.sid.as_str(), one.content_type.as_str())).collect();
    assert_eq!(shown, [("ME00000000000000000000000000000006", "audio/ogg"), (FILE, "")]);
    drop(client);
    let [request] = server.finish().await.try_into().unwrap();
    let line = format!("GET /2010-04-01/Accounts/{ACCOUNT}/Messages/{MESSAGE}/Media.json HTTP/1.1\r\n");
    assert!(request.head.starts_with(&line) && has_credentials(&request.head), "{}", request.head);
}

#[tokio::test]
async fn a_list_that_cannot_be_read_is_no_list() {
    for body in ["[]", "{}", r#"{"media_list":[{"sid":"../../x"}]}"#, r#"{"media_list":[["ME"]]}"#, "<html>"]
    {
        let server = Server::answering(answer("200 OK", body)).await;
        let listed = client(&server.base()).list_media(&message()).await;
        assert_eq!(listed, Err(MediaFault::Read(ReadFault::Unreadable)), "{body}");
    }
}

#[tokio::test]
async fn the_store_on_another_host_is_asked_without_credentials() {
    let store = Server::answering(
        "HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 5\r\n\r\nphoto".into(),
    );
    let store = store.await;
    let to = format!("{}/bucket/x?Signature=1", store.base());
    let server = Server::answering(redirect(&to)).await;
    let client = client(&server.base());
    let opened = client.open_media(&message(), &file(), LONG).await.unwrap();
    assert_eq!((opened.content_type(), opened.length()), (Some("image/jpeg"), Some(5)));
    drop(opened);
    assert_eq!(read(&client, LONG).await.as_deref(), Ok("photo"));
    drop(client);
    for request in server.finish().await {
        assert!(request.head.starts_with(&format!("GET {} HTTP/1.1\r\n", path())), "{}", request.head);
        assert!(has_credentials(&request.head), "{}", request.head);
    }
    let requests = store.finish().await;
    assert_eq!(requests.len(), 2);
    for request in requests {
        assert!(request.head.starts_with("GET /bucket/x?Signature=1 HTTP/1.1\r\n"), "{}", request.head);
        assert!(!has_credentials(&request.head) && !request.head.contains(ACCOUNT), "{}", request.head);
    }
}

#[tokio::test]
async fn a_redirect_on_our_own_host_keeps_the_credentials() {
    let server = Server::start(|number, _| match number {
        0 => Reply::Write(redirect("/moved")),
        _ => Reply::Write(answer("200 OK", "photo")),
    })
    .await;
    let client = client(&server.base());
    assert_eq!(read(&client, LONG).await.as_deref(), Ok("photo"));
    drop(client);
    let requests = server.finish().await;
    assert!(requests[1].head.starts_with("GET /moved HTTP/1.1\r\n") && has_credentials(&requests[1].head));
}

#[tokio::test]
async fn redirects_end() {
    let server = Server::answering(redirect("/moved")).await;
    let client = client(&server.base());
    assert_eq!(read(&client, LONG).await, Err(MediaFault::Redirects));
    drop(client);
    assert_eq!(server.finish().await.len(), 4, "the first request and three redirects");
}

/// `0.0.0.0` leads to this machine, and is no loopback address: it stands for Twilio's own host.
#[tokio::test]
async fn a_redirect_into_a_private_network_is_not_followed() {
    let inside = Server::answering(answer("200 OK", "secret")).await;
    for to in [
        inside.base(),
        inside.base().replace("http:", "https:"),
        inside.base().replace("http://127.0.0.1", "https://localhost"),
        inside.base().replace("http://127.0.0.1", "https://[::ffff:127.0.0.1]"),
        "https://169.254.169.254/latest/meta-data".to_owned(),
        "file:///etc/passwd".to_owned(),
    ] {
        let text = redirect(&to);
        let server = Server::answering(text).await;
        let client = client(&server.base().replace("127.0.0.1", "0.0.0.0"));
        assert_eq!(read(&client, LONG).await, Err(MediaFault::Address), "{to}");
        drop(client);
        assert_eq!(server.finish().await.len(), 1, "{to}");
    }
    assert_eq!(inside.finish().await.len(), 0);
}

#[tokio::test]
async fn an_answer_without_a_file_says_why() {
    let status = |status| ReadFault::Status { status, code: None, retry_after: None };
    for (text, fault, not_found) in [
        (answer("404 Not Found", r#"{"code":20404}"#), status(404), true),
        (answer("403 Forbidden", ""), status(403), false),
        (answer("503 Service Unavailable", ""), status(503), false),
        ("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n".to_owned(), ReadFault::Unreadable, false),
        (redirect("http://[not-an-address"), ReadFault::Unreadable, false),
        (String::new(), ReadFault::Lost, false),
    ] {
        let said = text.clone();
        let server = Server::start(move |_, _| Reply::WriteAndClose(text.clone())).await;
        let ended = read(&client(&server.base()), LONG).await.unwrap_err();
        assert_eq!((ended, ended.is_not_found()), (MediaFault::Read(fault), not_found), "{said}");
        assert!(!ended.to_string().contains(FILE) && !ended.to_string().contains("http:"), "{ended}");
    }
}

#[tokio::test]
async fn a_store_that_stalls_or_breaks_off_ends_the_file() {
    let begun = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nph".to_owned();
    let timeout = Err(MediaFault::Read(ReadFault::Timeout));
    let server = Server::start(|_, _| Reply::WriteAndHang(String::new())).await;
    assert_eq!(read(&client_of(&server.base(), LONG, SHORT), LONG).await, timeout, "no answer");
    let text = begun.clone();
    let server = Server::start(move |_, _| Reply::WriteAndHang(text.clone())).await;
    assert_eq!(read(&client(&server.base()), SHORT).await, timeout, "half a file");
    let server = Server::start(move |_, _| Reply::WriteAndClose(begun.clone())).await;
    assert_eq!(read(&client(&server.base()), LONG).await, Err(MediaFault::Read(ReadFault::Lost)));
}
