//! The body of a request, limited.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;

/// The body of a request as a service gets it: hyper's, which ends in an error beyond the server's
/// [limit](super::Limits::body_size).
pub struct Body {
    incoming: Option<Incoming>,
    remaining: u64,
    limit: u64,
    // Only for a body that does not announce its length: hyper sees to it that one that does keeps to it.
    overflow: Option<Overflow>,
}

impl Body {
    /// The body, and where it will be seen that it went beyond the limit, if it can.
    pub(super) fn new(incoming: Incoming, limit: u64) -> (Self, Option<Overflow>) {
        let overflow = incoming.size_hint().exact().is_none().then(Overflow::default);
        let body = Self { incoming: Some(incoming), remaining: limit, limit, overflow: overflow.clone() };
        (body, overflow)
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let body = &mut *self;
        let Some(incoming) = &mut body.incoming else { return Poll::Ready(None) };
        let frame = match ready!(Pin::new(incoming).poll_frame(cx)) {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Poll::Ready(Some(Err(BodyError::Connection(error)))),
            None => return Poll::Ready(None),
        };
        let length = frame.data_ref().map_or(0, |data| data.len() as u64);
        let Some(remaining) = body.remaining.checked_sub(length) else {
            if let (Some(overflow), Some(incoming)) = (&body.overflow, body.incoming.take()) {
                overflow.put(incoming);
            }
            return Poll::Ready(Some(Err(BodyError::TooLarge { limit: body.limit })));
        };
        body.remaining = remaining;
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.as_ref().map_or_else(|| SizeHint::with_exact(0), Incoming::size_hint)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").field("limit", &self.limit).finish_non_exhaustive()
    }
}

/// Why the body of a request ended early.
#[derive(Debug)]
#[non_exhaustive]
pub enum BodyError {
    /// It is longer than the server accepts. Whatever the service answers, the client is told 413.
    TooLarge {
        /// So many bytes are accepted.
        limit: u64,
    },
    /// The connection failed, or what came over it is not HTTP.
    Connection(hyper::Error),
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { limit } => write!(f, "the body is longer than {limit} bytes"),
            Self::Connection(error) => write!(f, "the body could not be read: {error}"),
        }
    }
}

impl std::error::Error for BodyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::TooLarge { .. } => None,
            Self::Connection(error) => Some(error),
        }
    }
}

/// The rest of a body that went beyond the limit, left by whoever read it for the server to deal with.
#[derive(Clone, Default)]
pub(super) struct Overflow(Arc<Mutex<Option<Incoming>>>);

impl Overflow {
    fn put(&self, rest: Incoming) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(rest);
    }

    /// The rest of the body, if there is one: then it went beyond the limit.
    pub(super) fn take(&self) -> Option<Incoming> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
