//! What goes back to the client: a response of the service, or one line of the server's own.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use http::{HeaderValue, Response, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use pin_project_lite::pin_project;

use super::BoxError;

/// An answer of the server itself: a status and one line of plain text.
///
/// [`into_response`](Self::into_response) makes a response of it for services on plain hyper that want to answer
/// as the server does.
#[derive(Clone, Debug)]
pub struct Answer {
    status: StatusCode,
    text: String,
}

impl Answer {
    /// The status, and the line of text without its end.
    pub fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into() }
    }

    pub(super) fn body_too_large(limit: u64) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the body is too large: at most {limit} bytes are accepted"),
        )
    }

    pub(super) fn internal_error() -> Self {
        // Nothing of the panic or the error: it may name what a client must not know. It is in the log.
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal server error")
    }

    /// The response: `text/plain`, the text and the end of its line.
    pub fn into_response(self) -> Response<Full<Bytes>> {
        let mut line = self.text;
        line.push('\n');
        let mut response = Response::new(Full::from(line));
        *response.status_mut() = self.status;
        let plain = HeaderValue::from_static("text/plain; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, plain);
        response
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status, self.text)
    }
}

pin_project! {
    /// The body of a response: the service's, or the server's own line.
    #[project = Projected]
    pub(super) enum ResponseBody<B> {
        /// One line of the server's own.
        Own { #[pin] line: Full<Bytes> },
        /// What the service answers.
        Service { #[pin] body: B },
    }
}

impl<B> ResponseBody<B> {
    pub(super) fn own(answer: Answer) -> Response<Self> {
        answer.into_response().map(|line| Self::Own { line })
    }

    pub(super) fn service(response: Response<B>) -> Response<Self> {
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
        match self.project() {
            Projected::Own { line } => line.poll_frame(cx).map_err(|never| match never {}),
            // For `Bytes`, which nearly every service answers with, this copies nothing.
            Projected::Service { body } => body.poll_frame(cx).map(|frame| {
                frame.map(|frame| match frame {
                    Ok(frame) => Ok(frame.map_data(|mut data| data.copy_to_bytes(data.remaining()))),
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
