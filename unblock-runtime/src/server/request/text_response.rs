//! What goes back to the client: a response of the service, or one line of the server's own.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes};
use http::{HeaderValue, Response, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use pin_project_lite::pin_project;

use crate::error::Error;
use crate::failure::{Failure, INTERNAL, whole_seconds};
use crate::server::BoxError;
use crate::server::timeouts::OpenResponse;

/// An answer of the server itself: a status, one line of plain text, and when to come back if it is known.
///
/// [`into_response`](Self::into_response) makes a response of it for services on plain hyper that want to answer
/// as the server does; with the feature `axum` it is a response of axum's handlers. A call that came to nothing is answered by `TextResponse::from(&error)`:
///
/// | [`Error`] | answer |
/// | --- | --- |
/// | `Overloaded` | 503, and `Retry-After` in whole seconds, rounded up, at least 1 |
/// | `TimedOut` | 504 |
/// | `Closed` | 503; it is not known when there will be a pool again |
/// | `Cancelled` | 503: the client still waits, or there would be nobody to answer, so it was not its wish |
/// | `Panicked` | 500; the client is told nothing of the panic, the log has its text |
#[derive(Clone, Debug)]
#[must_use]
pub struct TextResponse {
    status: StatusCode,
    text: String,
    retry_after: Option<Duration>,
}

impl TextResponse {
    /// The status, and the line of text without its end.
    pub fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into(), retry_after: None }
    }

    /// When to try again, for the header `Retry-After`: it has whole seconds, and is rounded up to at least one.
    pub fn retry_after(mut self, time: Duration) -> Self {
        self.retry_after = Some(time);
        self
    }

    pub(crate) fn body_too_large(limit: u64) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the body is too large: at most {limit} bytes are accepted"),
        )
    }

    pub(crate) fn body_too_slow() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "the body came too slowly")
    }

    pub(crate) fn internal_error() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, INTERNAL)
    }

    /// The response: `text/plain`, the text and the end of its line.
    pub fn into_response(self) -> Response<Full<Bytes>> {
        let mut line = self.text;
        line.push('\n');
        let mut response = Response::new(Full::from(line));
        *response.status_mut() = self.status;
        let plain = HeaderValue::from_static("text/plain; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, plain);
        if let Some(time) = self.retry_after {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(time)));
        }
        response
    }
}

impl From<&Error> for TextResponse {
    fn from(error: &Error) -> Self {
        let Failure { status, line, retry_after } = error.into();
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, text: line.to_owned(), retry_after }
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

pin_project! {
    /// The body of a response, whose request is open for as long as it is.
    pub(crate) struct ResponseBody<B> {
        #[pin]
        source: Source<B>,
        _open: Option<OpenResponse>,
    }
}

pin_project! {
    /// Where the body of a response comes from.
    #[project = Projected]
    pub(crate) enum Source<B> {
        /// One line of the server's own.
        Own { #[pin] line: Full<Bytes> },
        /// What the service answers.
        Service { #[pin] body: B },
    }
}

impl<B> ResponseBody<B> {
    pub(crate) fn new(source: Source<B>, open: Option<OpenResponse>) -> Self {
        Self { source, _open: open }
    }
}

impl<B> Source<B> {
    pub(crate) fn own(answer: TextResponse) -> Response<Self> {
        answer.into_response().map(|line| Self::Own { line })
    }

    pub(crate) fn service(response: Response<B>) -> Response<Self> {
        response.map(|body| Self::Service { body })
    }
}

impl<B> Body for ResponseBody<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.project().source.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.source.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.source.size_hint()
    }
}

impl<B> Body for Source<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.project() {
            Projected::Own { line } => line.poll_frame(cx).map_err(|never| match never {}),
            // For `Bytes`, which nearly every service answers with, this copies nothing.
            Projected::Service { body } => body.poll_frame(cx).map(|frame| {
                frame.map(|frame| match frame {
                    Ok(frame) => {
                        Ok(frame.map_data(|mut data| data.copy_to_bytes(data.remaining())))
                    }
                    Err(error) => Err(error.into()),
                })
            }),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Own { line } => line.is_end_stream(),
            Self::Service { body } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Own { line } => line.size_hint(),
            Self::Service { body } => body.size_hint(),
        }
    }
}
