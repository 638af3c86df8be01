//! The access log: one line for each request, written when it has ended, whoever ends it.

use std::cell::Cell;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Method, StatusCode, Uri, request};

use crate::clock;
use crate::job::caller_times::CallerTimes;
use crate::unwind;

/// Writes the line of a request whose head cannot be read, and which hyper has refused.
pub(crate) fn refused(status: StatusCode, peer: Option<SocketAddr>) {
    unwind::log(|| {
        tracing::info!(
            target: "unblock_runtime::access",
            peer = peer.map(tracing::field::display),
            status = status.as_u16(),
            bytes = 0,
            end = End::Complete.as_str(),
        );
    });
}

/// The line of one request. Dropping it writes it.
pub(super) struct Entry {
    peer: Option<SocketAddr>,
    method: Method,
    uri: Uri,
    begun: Instant,
    /// Time for which the service was called and polled, in nanoseconds.
    polled: Cell<u64>,
    jobs: Arc<CallerTimes>,
    status: Cell<Option<StatusCode>>,
    /// Length of the body as the head announces it, if it does.
    announced: Cell<Option<u64>>,
    /// Number of bytes of the body that the service has yielded, and that hyper has written or
    /// copied to what it writes.
    yielded: Cell<u64>,
    sent: Cell<u64>,
    end: Cell<End>,
}

/// How a request has ended, if it ends now.
#[derive(Clone, Copy)]
enum End {
    /// There was no response.
    Unanswered,
    /// The response was not sent whole.
    BrokenOff,
    Complete,
}

impl Entry {
    pub(super) fn new(head: &request::Parts, peer: Option<SocketAddr>) -> Self {
        Self {
            peer,
            method: head.method.clone(),
            uri: head.uri.clone(),
            begun: Instant::now(),
            polled: Cell::new(0),
            jobs: Arc::default(),
            status: Cell::new(None),
            announced: Cell::new(None),
            yielded: Cell::new(0),
            sent: Cell::new(0),
            end: Cell::new(End::Unanswered),
        }
    }

    /// Runs code of the service.
    pub(super) fn run<T>(&self, f: impl FnOnce() -> T) -> T {
        let begun = clock::now();
        let value = self.jobs.sum_up(f);
        self.polled.set(self.polled.get() + (clock::now() - begun));
        value
    }

    /// Notes the head of the response, and the length of the body that follows if that is known.
    pub(super) fn responds(&self, status: StatusCode, length: Option<u64>) {
        self.status.set(Some(status));
        self.announced.set(length);
        self.end.set(if length == Some(0) { End::Complete } else { End::BrokenOff });
    }

    /// Notes bytes of the body. hyper asks for no more than the head announces, so the end need not
    /// be seen.
    pub(super) fn yields(&self, bytes: u64) {
        self.yielded.set(self.yielded.get() + bytes);
        if self.announced.get().is_some_and(|length| length <= self.yielded.get()) {
            self.ends();
        }
    }

    /// Notes that the service has yielded all of the body.
    pub(super) fn ends(&self) {
        self.end.set(End::Complete);
    }

    /// Notes that bytes of the body were handed to the connection.
    pub(super) fn sends(&self, bytes: u64) {
        self.sent.set(self.sent.get() + bytes);
    }

    fn outcome(&self) -> End {
        match self.end.get() {
            End::Complete if self.sent != self.yielded => End::BrokenOff,
            end => end,
        }
    }
}

impl End {
    fn as_str(self) -> &'static str {
        match self {
            Self::Unanswered => "unanswered",
            Self::BrokenOff => "broken off",
            Self::Complete => "complete",
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let (waited, ran) = self.jobs.read();
        unwind::log(|| {
            tracing::info!(
                target: "unblock_runtime::access",
                peer = self.peer.map(tracing::field::display),
                method = %self.method,
                path = self.uri.path(),
                status = self.status.get().map(|status| status.as_u16()),
                bytes = self.sent.get(),
                duration_ms = millis(self.begun.elapsed()),
                loop_ms = millis(Duration::from_nanos(self.polled.get())),
                wait_ms = millis(Duration::from_nanos(waited)),
                run_ms = millis(Duration::from_nanos(ran)),
                end = self.outcome().as_str(),
            );
        });
    }
}

/// Returns a time in milliseconds, to the microsecond.
#[expect(clippy::cast_precision_loss, reason = "a time of 285 years is precise to the microsecond")]
fn millis(time: Duration) -> f64 {
    time.as_micros() as f64 / 1000.0
}
