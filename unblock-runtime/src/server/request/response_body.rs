//! The body of a response: the service's, or the line of text of the server itself.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http::Response;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use pin_project_lite::pin_project;

use super::open::{Open, Piece};
use super::text_response::TextResponse;
use crate::server::error::BoxError;

pin_project! {
    /// The body of a response. The request counts as open until this and its pieces are dropped.
    pub(crate) struct ResponseBody<B> {
        #[pin]
        source: Source<B>,
        open: Open,
    }
}

pin_project! {
    /// Where the body of a response comes from.
    #[project = SourceProjection]
    pub(super) enum Source<B> {
        // One line of text, of the server itself.
        Text { #[pin] line: Full<Bytes> },
        Service { #[pin] body: B },
    }
}

impl<B> ResponseBody<B> {
    pub(super) fn new(source: Source<B>, open: Open) -> Self {
        Self { source, open }
    }
}

impl<B> Source<B> {
    pub(super) fn text(response: TextResponse) -> Response<Self> {
        response.into_response().map(|line| Self::Text { line })
    }

    pub(super) fn service(response: Response<B>) -> Response<Self> {
        response.map(|body| Self::Service { body })
    }

    /// Returns a body of nothing.
    pub(super) fn empty() -> Self {
        Self::Text { line: Full::default() }
    }
}

impl<B> Body for ResponseBody<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Data = Piece;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Piece>, BoxError>>> {
        let this = self.project();
        let mut source = this.source;
        // A body whose length is known has its bytes, and a stream has code that makes them.
        let is_stream = source.size_hint().exact().is_none();
        let mut poll = || source.as_mut().poll_frame(cx);
        let frame = ready!(if is_stream { this.open.watched(poll) } else { poll() });
        let piece = |bytes| Piece::new(bytes, this.open.clone());
        let frame = frame.map(|frame| frame.map(|frame| frame.map_data(piece)));
        if let Some(entry) = this.open.entry()
            && !matches!(frame, Some(Err(_)))
            && (frame.is_none() || source.is_end_stream())
        {
            entry.ends();
        }
        Poll::Ready(frame)
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
            SourceProjection::Text { line } => line.poll_frame(cx).map_err(|never| match never {}),
            // For `Bytes`, which the bodies of most services yield, this copies nothing.
            SourceProjection::Service { body } => body.poll_frame(cx).map(|frame| {
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
            Self::Text { line } => line.is_end_stream(),
            Self::Service { body } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Text { line } => line.size_hint(),
            Self::Service { body } => body.size_hint(),
        }
    }
}
