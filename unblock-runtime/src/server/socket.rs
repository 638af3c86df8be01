//! The socket of a connection, which reports reads and writes to the timeouts, and which is closed
//! so that the client gets the whole of the last response.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep_until};

use super::accept::balancer::ConnectionGuard;
use super::timeouts::ConnectionTimeouts;
use super::upgrade::Side;

/// Size of the first read, which decides between the versions of HTTP: larger than most heads, so
/// that one read suffices for the first request.
const FIRST_READ: usize = 1024;

/// Time after the last response for which the server still reads when it has closed its side.
///
/// The kernel resets a connection that is closed while bytes still arrive, and a reset may destroy
/// the end of the response on its way to the client. A client of HTTP/2 sends bytes all the time,
/// to say how much it has read. nginx calls this a lingering close (`lingering_close`).
const LINGER: Duration = Duration::from_secs(2);

/// The socket of a connection. It outlives HTTP if the connection becomes something else.
pub(super) struct Socket {
    stream: TcpStream,
    timeouts: Arc<ConnectionTimeouts>,
    /// Bytes that were read to detect the version of HTTP. They are read again before all others.
    rewind: BytesMut,
    /// The end of the lingering close, once the server has closed its side.
    linger: Option<Pin<Box<Sleep>>>,
    /// Counts the connection until the socket is closed, whoever has it by then.
    _guard: ConnectionGuard,
}

impl Socket {
    pub(super) fn new(
        stream: TcpStream,
        guard: ConnectionGuard,
        timeouts: Arc<ConnectionTimeouts>,
    ) -> Self {
        // Responses are written whole, so that waiting for more to send with them would only delay
        // them.
        let _ = stream.set_nodelay(true);
        Self { stream, timeouts, rewind: BytesMut::new(), linger: None, _guard: guard }
    }

    pub(super) fn timeouts(&self) -> &Arc<ConnectionTimeouts> {
        &self.timeouts
    }

    /// Returns whether the first bytes are `prefix`, which is shorter than the first read. They can
    /// be read again.
    pub(super) fn poll_starts_with(
        &mut self,
        prefix: &[u8],
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<bool>> {
        while self.rewind.len() < prefix.len() && prefix.starts_with(&self.rewind) {
            let mut bytes = [0; FIRST_READ];
            let mut buffer = ReadBuf::new(&mut bytes);
            ready!(self.poll_stream(cx, &mut buffer))?;
            if buffer.filled().is_empty() {
                // The client has closed its side.
                return Poll::Ready(Ok(false));
            }
            self.rewind.extend_from_slice(buffer.filled());
        }
        Poll::Ready(Ok(self.rewind.starts_with(prefix)))
    }

    fn poll_stream(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.timeouts.bytes_read(&buffer.filled()[before..]);
        }
        match self.timeouts.upgraded() {
            Some(upgrade) => upgrade.limit(Side::Read, read, cx),
            None => read,
        }
    }

    /// Reports the outcome of a write to the timeouts, and returns it.
    fn report(
        &self,
        written: Poll<io::Result<usize>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(1..)) => self.timeouts.bytes_written(),
            Poll::Ready(_) => {}
            Poll::Pending => self.timeouts.write_blocked(),
        }
        match self.timeouts.upgraded() {
            Some(upgrade) => upgrade.limit(Side::Write, written, cx),
            None => written,
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.rewind.is_empty() {
            let length = buffer.remaining().min(self.rewind.len());
            let bytes = self.rewind.split_to(length);
            buffer.put_slice(&bytes);
            return Poll::Ready(Ok(()));
        }
        self.poll_stream(cx, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.report(written, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.report(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    /// Closes the server's side, and reads until the client has closed its own or `LINGER` is over.
    ///
    /// Whoever has the stream of an upgrade may read on, so that nothing is read for him here.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.timeouts.upgraded().is_some() {
            return Pin::new(&mut this.stream).poll_shutdown(cx);
        }
        if this.linger.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
        }
        let end = this.timeouts.last_response() + LINGER;
        let timer = this.linger.get_or_insert_with(|| Box::pin(sleep_until(end.into())));
        loop {
            let mut discarded = [0; 1024];
            let mut buffer = ReadBuf::new(&mut discarded);
            match Pin::new(&mut this.stream).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {}
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => return timer.as_mut().poll(cx).map(Ok),
            }
        }
    }
}
