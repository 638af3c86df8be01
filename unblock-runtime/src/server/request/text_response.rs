//! A response of the server itself: one line of plain text.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;

use crate::error::Error;
use crate::http::line::{self, INTERNAL};
use crate::http::status::whole_seconds;

/// A response of one line of plain text: a status, the line, and when to try again if that is
/// known.
///
/// The server itself responds so, and a service can: [`into_response`](Self::into_response) makes a
/// hyper response of it, and with the feature `axum` it is a response of axum's handlers.
/// `TextResponse::from(&error)` responds to a failed call, with the status of
/// [`Error::http_status`] and its `Retry-After`. The message of a panic is logged and not sent.
#[derive(Clone, Debug)]
#[must_use]
pub struct TextResponse {
    status: StatusCode,
    text: String,
    /// Seconds.
    retry_after: Option<u64>,
}

impl TextResponse {
    /// Creates a response with a status and a line of text, which has no line break at its end.
    pub fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into(), retry_after: None }
    }

    /// Sets the header `Retry-After`, which is in whole seconds: `time` is rounded up, to at least
    /// one second.
    pub fn retry_after(mut self, time: Duration) -> Self {
        self.retry_after = Some(whole_seconds(time));
        self
    }

    pub(super) fn too_many_fields(limit: usize) -> Self {
        Self::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            format!("the request has too many header fields: at most {limit} are accepted"),
        )
    }

    pub(super) fn body_too_large(limit: u64) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the body is too large: at most {limit} bytes are accepted"),
        )
    }

    pub(super) fn body_too_slow() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "the body came too slowly")
    }

    pub(super) fn too_many_upgrades() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "too many connections have been upgraded; try again later",
        )
    }

    pub(super) fn internal_error() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, INTERNAL)
    }

    /// Converts to a response of type `text/plain`, whose body is the line and a line break.
    pub fn into_response(self) -> Response<Full<Bytes>> {
        let mut line = self.text;
        line.push('\n');
        let mut response = Response::new(Full::from(line));
        *response.status_mut() = self.status;
        let plain = HeaderValue::from_static("text/plain; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, plain);
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<&Error> for TextResponse {
    fn from(error: &Error) -> Self {
        let status = StatusCode::from_u16(error.http_status());
        Self {
            status: status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            text: line::for_client(error).to_owned(),
            retry_after: error.retry_after_secs(),
        }
    }
}

impl From<Error> for TextResponse {
    fn from(error: Error) -> Self {
        Self::from(&error)
    }
}

#[cfg(feature = "axum")]
impl axum_core::response::IntoResponse for TextResponse {
    fn into_response(self) -> axum_core::response::Response {
        Self::into_response(self).map(axum_core::body::Body::new)
    }
}

impl fmt::Display for TextResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status, self.text)
    }
}
