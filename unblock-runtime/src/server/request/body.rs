//! The body of a request, limited in size and time.

use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;

use super::body_timeout::MinDataRate;
use crate::server::limits::Limits;
use crate::server::timeouts::{ConnectionTimeouts, OpenBody};

/// The body of a request as a service gets it: hyper's, limited in
/// [size](crate::server::Limits::body_size) and in the [time](crate::server::Limits::body_read)
/// that the client takes. Beyond either limit it ends in an error.
pub struct Body {
    incoming: Option<Incoming>,
    remaining: u64,
    limit: u64,
    /// Whether any of it has come.
    begun: bool,
    peer: Option<SocketAddr>,
    // Present only if there is something to read.
    watched: Option<(MinDataRate, UnreadSlot)>,
    // Dropped after what it counts.
    _open: Option<OpenBody>,
}

impl Body {
    /// Creates the body, and the slot that it fills unless it is read to its end. Must be called
    /// within the runtime.
    pub(super) fn new(
        incoming: Incoming,
        limits: &Limits,
        timeouts: &Arc<ConnectionTimeouts>,
        peer: Option<SocketAddr>,
    ) -> (Self, Option<UnreadSlot>) {
        let limit = limits.body_size;
        let unread = (!incoming.is_end_stream()).then(UnreadSlot::default);
        let (longest, rate) = limits.body_read;
        let watched = unread.clone().map(|unread| (MinDataRate::new(longest, rate), unread));
        let open = unread.is_some().then(|| timeouts.body());
        let incoming = Some(incoming);
        let (remaining, begun) = (limit, false);
        let body = Self { incoming, remaining, limit, begun, peer, watched, _open: open };
        (body, unread)
    }

    /// Returns the address of the client that the request came from, or of the proxy that sent it
    /// on, unless the operating system cannot tell any more.
    ///
    /// Handlers of axum get the body when axum has wrapped it. For them the feature `connect-info`
    /// makes `axum::extract::ConnectInfo<SocketAddr>` work.
    pub fn peer_addr(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// Ends the body, and leaves the rest of it to the server.
    fn end(&mut self, make: impl FnOnce(Incoming) -> Unread) {
        if let (Some((_, unread)), Some(incoming)) = (&self.watched, self.incoming.take()) {
            unread.put(make(incoming));
        }
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        if !self.is_end_stream() {
            let begun = self.begun;
            self.end(|rest| Unread::Unwanted { rest, begun });
        }
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
        let frame = match Pin::new(&mut *incoming).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => frame,
            Poll::Ready(Some(Err(error))) => {
                return Poll::Ready(Some(Err(BodyError::Connection(error))));
            }
            Poll::Ready(None) => {
                body.incoming = None;
                return Poll::Ready(None);
            }
            Poll::Pending => {
                let Some((rate, _)) = &mut body.watched else { return Poll::Pending };
                ready!(rate.poll_expired(cx));
                body.end(|_| Unread::TooSlow);
                return Poll::Ready(Some(Err(BodyError::TooSlow)));
            }
        };
        body.begun = true;
        // If the request has been responded to, hyper may yield the end only when the next request
        // comes. It knows after the last frame already.
        let is_last = incoming.is_end_stream();
        let length = frame.data_ref().map_or(0, |data| data.len() as u64);
        let Some(remaining) = body.remaining.checked_sub(length) else {
            body.end(Unread::TooLarge);
            return Poll::Ready(Some(Err(BodyError::TooLarge { limit: body.limit })));
        };
        body.remaining = remaining;
        if let Some((rate, _)) = &mut body.watched {
            rate.received(length);
        }
        if is_last {
            body.incoming = None;
        }
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
    /// The body is longer than the server accepts. The client gets a 413, whatever the service
    /// responds.
    TooLarge {
        /// Number of bytes that the server accepts.
        limit: u64,
    },
    /// The client sends the body too slowly. It gets a 408, whatever the service responds.
    TooSlow,
    /// The connection failed, or what came over it is not HTTP.
    Connection(hyper::Error),
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { limit } => write!(f, "the body is longer than {limit} bytes"),
            Self::TooSlow => f.write_str("the body came too slowly"),
            Self::Connection(error) => write!(f, "the body could not be read: {error}"),
        }
    }
}

impl std::error::Error for BodyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::TooLarge { .. } | Self::TooSlow => None,
            Self::Connection(error) => Some(error),
        }
    }
}

/// A body that was not read to its end, and why.
pub(super) enum Unread {
    /// It is longer than the limit.
    TooLarge(Incoming),
    /// It came too slowly.
    TooSlow,
    /// The service did not get to see the request.
    Refused(Incoming),
    /// The service dropped it, perhaps before any of it had come.
    Unwanted { rest: Incoming, begun: bool },
}

/// Where a body leaves what was not read of it, for the server.
#[derive(Clone, Default)]
pub(super) struct UnreadSlot(Arc<Mutex<Option<Unread>>>);

impl UnreadSlot {
    fn put(&self, unread: Unread) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(unread);
    }

    /// Returns the rest of the body if the service has ended or dropped it already.
    pub(super) fn take(&self) -> Option<Unread> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
