//! A request body that knows whether it was ever handed to the connection.
//!
//! The server cannot act on a form it has not received, so as long as the connection has not asked for the body, the
//! message was certainly not created. Error kinds of the HTTP library say less: a total timeout, say, may fall before
//! or after the request was written.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

const WAITING: u8 = 0;
const HANDED_OVER: u8 = 1;
const WITHDRAWN: u8 = 2;

/// One body, handed over at most once, and never after it was withdrawn.
pub(super) struct ClaimedBody {
    bytes: Option<Bytes>,
    state: Arc<AtomicU8>,
}

/// The sender's side: can withdraw the body.
pub(super) struct BodyClaim(Arc<AtomicU8>);

/// The body was withdrawn before the connection asked for it.
#[derive(Debug, thiserror::Error)]
#[error("request given up before it was written")]
pub(super) struct Withdrawn;

impl ClaimedBody {
    pub(super) fn new(bytes: Bytes) -> (Self, BodyClaim) {
        let state = Arc::new(AtomicU8::new(WAITING));
        (Self { bytes: Some(bytes), state: Arc::clone(&state) }, BodyClaim(state))
    }
}

impl BodyClaim {
    /// True if no byte of the body was or ever will be written. Decided once, also against a connection task
    /// that is about to write at this moment.
    pub(super) fn withdraw(&self) -> bool {
        match self.0.compare_exchange(WAITING, WITHDRAWN, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => true,
            Err(state) => state == WITHDRAWN,
        }
    }
}

impl Body for ClaimedBody {
    type Data = Bytes;
    type Error = Withdrawn;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Withdrawn>>> {
        let Some(bytes) = self.bytes.take() else { return Poll::Ready(None) };
        match self.state.compare_exchange(WAITING, HANDED_OVER, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => {
                #[cfg(all(feature = "failpoints", not(test)))]
                if crate::failpoint::is_armed("after_request") {
                    tokio::spawn(async {
                        // The connection writes what it took within this time.
                        tokio::time::sleep(std::time::Duration::from_micros(500)).await;
                        crate::failpoint::hit("after_request");
                    });
                }
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Err(_) => Poll::Ready(Some(Err(Withdrawn))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, Bytes::len) as u64)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    async fn next(body: &mut ClaimedBody) -> Option<Result<Bytes, Withdrawn>> {
        let frame = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await?;
        Some(frame.map(|frame| frame.into_data().unwrap()))
    }

    #[tokio::test]
    async fn a_body_handed_over_cannot_be_withdrawn() {
        let (mut body, claim) = ClaimedBody::new(Bytes::from_static(b"To=x"));
        assert_eq!(body.size_hint().exact(), Some(4));
        assert_eq!(next(&mut body).await.unwrap().unwrap(), "To=x");
        assert!(body.is_end_stream());
        assert!(!claim.withdraw());
        assert!(next(&mut body).await.is_none());
    }

    #[tokio::test]
    async fn a_body_withdrawn_is_never_handed_over() {
        let (mut body, claim) = ClaimedBody::new(Bytes::from_static(b"To=x"));
        assert!(claim.withdraw());
        assert!(claim.withdraw(), "the answer does not change");
        assert!(next(&mut body).await.unwrap().is_err());
    }

    #[test]
    fn a_body_dropped_unasked_counts_as_not_written() {
        let (body, claim) = ClaimedBody::new(Bytes::from_static(b"To=x"));
        drop(body);
        assert!(claim.withdraw());
    }
}
