//! The calls that may be repeated at will share this: one request, judged.

use std::time::Duration;

use bytes::Bytes;
use reqwest::IntoUrl;
use tokio::time::Instant;

use super::answer::{BodyFault, error_code, read_body};
use super::class::Class;
use super::client::{Client, with_trace};
use super::codes::class_of;
use super::fault::ReadFault;
use super::meter::{self, Ended, Operation};
use super::retry_after::retry_after;

/// A page of 50 messages of 1,600 characters each stays far below.
const ANSWER_LIMIT: usize = 4 * 1024 * 1024;

impl Client {
    /// The body of a 2xx answer.
    pub(super) async fn read(
        &self,
        operation: Operation,
        url: impl IntoUrl,
        traceparent: Option<&str>,
    ) -> Result<Bytes, ReadFault> {
        self.read_within(operation, url, traceparent, None).await
    }

    /// The same, with a time limit of its own.
    pub(super) async fn read_within(
        &self,
        operation: Operation,
        url: impl IntoUrl,
        traceparent: Option<&str>,
        limit: Option<Duration>,
    ) -> Result<Bytes, ReadFault> {
        let call = self.http.get(url);
        let call = match limit {
            Some(limit) => call.timeout(limit),
            None => call,
        };
        self.judge(operation, with_trace(call, traceparent)).await
    }

    /// As [`Client::read`], for an answer of at most `limit` bytes.
    pub(super) async fn read_large(
        &self,
        operation: Operation,
        url: impl IntoUrl,
        limit: usize,
    ) -> Result<Bytes, ReadFault> {
        self.judge_within(operation, self.http.get(url), limit).await
    }

    /// The body of a 2xx answer to a call that may be repeated at will.
    pub(super) async fn judge(
        &self,
        operation: Operation,
        call: reqwest::RequestBuilder,
    ) -> Result<Bytes, ReadFault> {
        self.judge_within(operation, call, ANSWER_LIMIT).await
    }

    async fn judge_within(
        &self,
        operation: Operation,
        call: reqwest::RequestBuilder,
        limit: usize,
    ) -> Result<Bytes, ReadFault> {
        let started = Instant::now();
        let mut response = match call.send().await {
            Ok(response) => response,
            Err(error) => {
                self.meter.request(operation, Ended::of(&error), started);
                return Err(ReadFault::of(&error));
            }
        };
        let status = response.status().as_u16();
        let body = read_body(&mut response, limit).await;
        let ended = match &body {
            Err(BodyFault::Broken(error)) => Ended::of(error),
            _ => Ended::Answered(status),
        };
        self.meter.request(operation, ended, started);
        if response.status().is_success() {
            return body.map_err(|fault| match fault {
                BodyFault::Broken(error) => ReadFault::of(&error),
                BodyFault::TooLarge => ReadFault::Unreadable,
            });
        }
        let code = body.as_deref().ok().and_then(error_code);
        let unlisted = if status >= 500 { Class::Unknown } else { Class::LogOnly };
        meter::error_code(code, code.and_then(class_of).unwrap_or(unlisted));
        Err(ReadFault::Status { status, code, retry_after: retry_after(response.headers()) })
    }
}
