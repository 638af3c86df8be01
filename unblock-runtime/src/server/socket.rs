//! The socket of a connection, which notes what happens on it, and which is closed so that nothing is lost.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep_until};

use super::timeouts::ConnectionTimeouts;

/// How many bytes are read to see what a client speaks: as much as most heads have, so that one read does for the first request.
const FIRST_READ: usize = 1024;

/// How long after its last answer a client may go on sending when the server has closed its side.
///
/// Whoever closes a socket at once on which something still comes in resets the connection, and then the client may never
/// see the end of its answer: that of HTTP/2 says all the time how much it has taken. nginx calls it `lingering_close`.
const LINGER: Duration = Duration::from_secs(2);

/// The socket of a connection, what has been read of it and not been used yet, and its activity.
pub(super) struct Socket {
    stream: TcpStream,
    timeouts: Arc<ConnectionTimeouts>,
    /// What has been read of the socket and is still to be read here.
    unread: BytesMut,
    /// Runs when our side is closed.
    linger: Option<Pin<Box<Sleep>>>,
}

impl Socket {
    /// A connection that begins.
    pub(super) fn new(stream: TcpStream) -> Self {
        // Answers are written whole; waiting for more to send with them only delays them.
        let _ = stream.set_nodelay(true);
        let timeouts = ConnectionTimeouts::new();
        Self { stream, timeouts, unread: BytesMut::new(), linger: None }
    }

    pub(super) fn timeouts(&self) -> &Arc<ConnectionTimeouts> {
        &self.timeouts
    }

    /// Whether the first bytes are these, of which there are fewer than are read first; they are still to be read.
    pub(super) fn poll_begins_with(
        &mut self,
        beginning: &[u8],
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<bool>> {
        while self.unread.len() < beginning.len() && beginning.starts_with(&self.unread) {
            let mut bytes = [0; FIRST_READ];
            let mut buffer = ReadBuf::new(&mut bytes);
            ready!(self.poll_socket(cx, &mut buffer))?;
            if buffer.filled().is_empty() {
                // The end.
                return Poll::Ready(Ok(false));
            }
            self.unread.extend_from_slice(buffer.filled());
        }
        Poll::Ready(Ok(self.unread.starts_with(beginning)))
    }

    fn poll_socket(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.timeouts.received();
        }
        read
    }

    fn note(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(1..)) => self.timeouts.sent(),
            Poll::Ready(_) => {}
            Poll::Pending => self.timeouts.stalled(),
        }
        written
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.unread.is_empty() {
            let length = buffer.remaining().min(self.unread.len());
            let bytes = self.unread.split_to(length);
            buffer.put_slice(&bytes);
            return Poll::Ready(Ok(()));
        }
        self.poll_socket(cx, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.note(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.note(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    /// Closes our side, and reads on until the client has closed its own.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.linger.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
        }
        let until = this.timeouts.last_response() + LINGER;
        let timer = this.linger.get_or_insert_with(|| Box::pin(sleep_until(until.into())));
        loop {
            let mut waste = [0; 1024];
            let mut buffer = ReadBuf::new(&mut waste);
            match Pin::new(&mut this.stream).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {}
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => return timer.as_mut().poll(cx).map(Ok),
            }
        }
    }
}
