//! The client against raw TCP servers: the bytes it wrote, and the result it reports for each ending.

mod answers;
mod contents;
mod lost;
mod media;
mod pooled;
mod reads;
mod requests;
mod senders;
mod server;
mod unsent;

use std::time::Duration;

use shared::templates::Content;

use super::create::{CreateMessage, CreateOutcome, Sender};
use super::{Client, ServiceSid, stand_in::client_of};

const ACCOUNT: &str = "AC00000000000000000000000000000001";
const SERVICE: &str = "MG00000000000000000000000000000002";
const MESSAGE: &str = "SM00000000000000000000000000000003";
const TO: &str = "+9779841234567";

/// Long enough that a busy machine connects and writes before it ends.
const SHORT: Duration = Duration::from_secs(2);
const LONG: Duration = Duration::from_secs(30);

fn client(base: &str) -> Client {
    client_of(base, LONG, LONG)
}

async fn create_with(client: &Client, body: &str) -> CreateOutcome {
    let sender = Sender::Service(ServiceSid::parse(SERVICE).unwrap());
    let message = CreateMessage {
        to: TO,
        sender: &sender,
        content: &Content::Text(body.to_owned().into()),
        validity_period: 14_400,
        status_callback: None,
        traceparent: None,
    };
    client.create_message(&message).await
}

async fn create(client: &Client) -> CreateOutcome {
    create_with(client, "namaste").await
}

/// An answer with a length, on a connection kept open.
fn answer(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn created() -> String {
    answer("201 Created", &format!(r#"{{"sid":"{MESSAGE}","status":"accepted","num_segments":"0"}}"#))
}
