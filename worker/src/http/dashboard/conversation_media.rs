//! A file that came with a message, passed on from Twilio to the visitor as it comes. It is stored nowhere.

use std::sync::Arc;

use axum::{
    Extension, Form,
    body::Body,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use futures::stream::try_unfold;
use serde::Deserialize;
use tokio::sync::OwnedSemaphorePermit;
use uuid::Uuid;

use super::{
    Admin,
    actions::{Sent, back, reason},
    answer::{Failure, Refusal},
    page_context::PageContext,
    pages::conversation::{self, path_of},
    session::Visitor,
    texts::{Note, Texts},
};
use crate::{
    care::{self, FileError, FileOf, OpenFile, Staff},
    twilio::MessageSid,
};

/// A file can neither run nor load anything, whatever it contains. Browsers lay out a picture with styles of their own.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'";

#[derive(Deserialize)]
pub(crate) struct MediaForm {
    id: Uuid,
    message: String,
    /// From 1.
    file: usize,
    reason: String,
}

/// Opens a file. Like the texts it is the answer to a form, so that no link opens it without a reason.
pub(crate) async fn open(
    State(admin): State<Arc<Admin>>,
    Extension(visitor): Extension<Visitor>,
    view: PageContext,
    form: Sent<MediaForm>,
) -> Result<Response, Failure> {
    let Form(form) = form?;
    let staff = Staff { actor: &visitor.name, reason: reason(&form.reason)? };
    let message = MessageSid::parse(&form.message).map_err(|_| Refusal::Form)?;
    if admin.desk().is_none() {
        return Ok(back(&path_of(form.id), Note::InboxOff));
    }
    let Some(place) = admin.files.take() else {
        let (code, why) = (StatusCode::SERVICE_UNAVAILABLE, view.t.file_busy);
        return conversation::draw_notice(&admin, view, form.id, (code, why)).await;
    };
    let file = FileOf { conversation: form.id, message: &message, number: form.file };
    match care::open_file(admin.pool(), &admin.context.client, file, &staff).await {
        Ok(file) => Ok(passed_on(file, place)),
        Err(FileError::Database(error)) => Err(error.into()),
        Err(FileError::Missing) => Ok(back("/inbox", Note::NoSuchTalk)),
        Err(why) => {
            if let FileError::Twilio(fault) = &why {
                tracing::warn!(error = %fault, "a file of a message could not be read at Twilio");
            }
            let why = told(view.t, &why);
            conversation::draw_notice(&admin, view, form.id, why).await
        }
    }
}

/// The status, and what the visitor is told.
fn told(t: &Texts, why: &FileError) -> (StatusCode, &'static str) {
    match why {
        FileError::Missing | FileError::NoFile => (StatusCode::NOT_FOUND, t.file_none),
        FileError::Forgotten => (StatusCode::GONE, t.file_forgotten),
        FileError::Gone => (StatusCode::NOT_FOUND, t.file_gone),
        FileError::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, t.file_too_large),
        FileError::Type => (StatusCode::UNSUPPORTED_MEDIA_TYPE, t.file_type),
        FileError::Twilio(_) | FileError::Database(_) => (StatusCode::BAD_GATEWAY, t.file_not_given),
    }
}

fn passed_on(file: OpenFile, place: OwnedSemaphorePermit) -> Response {
    let (kind, length) = (file.kind, file.length);
    let pieces = try_unfold((file, place), async |(mut file, place)| match file.next().await {
        Ok(piece) => Ok(piece.map(|piece| (piece, (file, place)))),
        Err(error) => {
            tracing::warn!(%error, "a file of a message was not passed on to its end");
            Err(error)
        }
    });
    let mut response = Response::new(Body::from_stream(pieces));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind.name));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    let disposition = if kind.shown { "inline" } else { "attachment" };
    let disposition = format!("{disposition}; filename=\"file.{}\"", kind.extension);
    // Always a header value: both parts are ours.
    if let Ok(disposition) = HeaderValue::try_from(disposition) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    if let Some(length) = length {
        // The visitor's browser sees by it whether all bytes came.
        headers.insert(header::CONTENT_LENGTH, length.into());
    }
    response
}
