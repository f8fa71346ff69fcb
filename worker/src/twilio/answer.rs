//! Reading an answer: its bytes within a limit, and Twilio's error code in them.

use bytes::{Bytes, BytesMut};
use reqwest::Response;
use serde::Deserialize;
use shared::json;

use super::loose::Loose;

/// Why a body could not be read whole.
#[derive(Debug)]
pub(super) enum BodyFault {
    Broken(reqwest::Error),
    TooLarge,
}

/// The whole body, without copying when it came in one piece.
pub(super) async fn read_body(response: &mut Response, limit: usize) -> Result<Bytes, BodyFault> {
    let Some(first) = next(response).await? else { return Ok(Bytes::new()) };
    let Some(second) = next(response).await? else { return within(first, limit) };
    let mut whole = BytesMut::from(first);
    whole.extend_from_slice(&second);
    while whole.len() <= limit {
        match next(response).await? {
            Some(chunk) => whole.extend_from_slice(&chunk),
            None => break,
        }
    }
    within(whole.freeze(), limit)
}

async fn next(response: &mut Response) -> Result<Option<Bytes>, BodyFault> {
    response.chunk().await.map_err(|error| BodyFault::Broken(error.without_url()))
}

fn within(body: Bytes, limit: usize) -> Result<Bytes, BodyFault> {
    if body.len() <= limit { Ok(body) } else { Err(BodyFault::TooLarge) }
}

/// A JSON object. Objects within it are read as [`shared::json::Object`] too.
pub(super) fn parse_object<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Option<T> {
    json::object_from_slice(body).ok()
}

/// The `code` of an error body, in Twilio's own form or that of RFC 9457; `None` for anything else.
pub(super) fn error_code(body: &[u8]) -> Option<u32> {
    #[derive(Deserialize)]
    struct ErrorBody<'a> {
        #[serde(borrow, default)]
        code: Loose<'a>,
    }
    parse_object::<ErrorBody<'_>>(body)?.code.number()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_found_in_any_json_object() {
        for (body, code) in [
            (r#"{"code":21211,"message":"The 'To' number 1 is not valid","status":400}"#, Some(21211)),
            (
                r#"{"type":"https://x","title":"t","status":429,"code":"20429","errors":[{"code":1}]}"#,
                Some(20429),
            ),
            (r#"{"code":575001,"httpStatusCode":400,"params":{"a":[1]},"userError":true}"#, Some(575_001)),
            (r#"{"code":null,"status":400}"#, None),
            (r#"{"message":"x"}"#, None),
            (r#"{"code":99999999999}"#, None),
            ("[1]", None),
            ("21211", None),
            ("<html>502</html>", None),
            ("", None),
        ] {
            assert_eq!(error_code(body.as_bytes()), code, "{body}");
        }
    }
}
