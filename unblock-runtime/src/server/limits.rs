//! Limits on what a client may use of the server. Each has a default that protects a server on the
//! open internet.

use std::time::Duration;

/// Number of header fields that hyper takes in HTTP/1.1 without asking for memory each time.
pub(super) const DEFAULT_FIELDS: usize = 100;

/// Number of header fields for which hyper, that asks for memory ahead, is told to have room.
const MOST_FIELDS: usize = 10_000;

/// Limits on what clients may use. Every default protects a server on the open internet.
///
/// The time that a *response* may take depends on the service.
/// [`request_timeout`](super::ServerBuilder::request_timeout) limits it.
///
/// | limit | default | beyond it |
/// | --- | --- | --- |
/// | [`connections`](Self::connections) | 10,000 | new ones wait in the kernel's queue until one is closed |
/// | [`requests`](Self::requests) | 10,000 | the last response has `Connection: close`, or a `GOAWAY` follows it, and the connection ends |
/// | [`idle`](Self::idle) | 75 s | the connection is closed, with a `GOAWAY` if it is HTTP/2 |
/// | [`header_read`](Self::header_read) | 30 s | the connection is closed |
/// | [`header_size`](Self::header_size) | 64 KiB | `431 Request Header Fields Too Large` |
/// | [`header_fields`](Self::header_fields) | 100 | `431 Request Header Fields Too Large` |
/// | [`body_read`](Self::body_read) | 20 s, and 1 s for each 500 bytes | `408 Request Timeout` with one line of text, and the connection is closed |
/// | [`body_size`](Self::body_size) | 10 MiB | `413 Content Too Large` with one line of text |
/// | [`response_write`](Self::response_write) | 60 s | the connection is closed |
/// | [`upgraded_connections`](Self::upgraded_connections) | as many as `connections` | `503 Service Unavailable` in place of the upgrade, with one line of text |
/// | [`upgraded_idle`](Self::upgraded_idle) | 1 h | reading and writing fail, and the handler closes the connection |
/// | [`streams`](Self::streams) | 128 | the stream is refused (`REFUSED_STREAM`), and the client may try again |
/// | [`keep_alive`](Self::keep_alive) | on | - |
/// | [`half_close`](Self::half_close) | off | a request whose client has closed its side is given up |
#[derive(Clone, Debug)]
#[must_use]
pub struct Limits {
    pub(super) connections: usize,
    pub(super) requests: u64,
    pub(super) idle: Duration,
    pub(super) header_read: Duration,
    pub(super) header_size: usize,
    pub(super) header_fields: usize,
    /// Time for any body, and number of bytes that extend it by one second.
    pub(super) body_read: (Duration, u64),
    pub(super) body_size: u64,
    pub(super) response_write: Duration,
    pub(super) upgraded_connections: usize,
    pub(super) upgraded_idle: Duration,
    pub(super) streams: u32,
    pub(super) keep_alive: bool,
    pub(super) half_close: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            requests: 10_000,
            idle: Duration::from_secs(75),
            header_read: Duration::from_secs(30),
            header_size: 64 * 1024,
            header_fields: DEFAULT_FIELDS,
            body_read: (Duration::from_secs(20), 500),
            body_size: 10 * 1024 * 1024,
            response_write: Duration::from_mins(1),
            upgraded_connections: tokio::sync::Semaphore::MAX_PERMITS,
            upgraded_idle: Duration::from_hours(1),
            streams: 128,
            keep_alive: true,
            half_close: false,
        }
    }
}

impl Limits {
    /// Returns the default limits.
    pub fn new() -> Self {
        Self::default()
    }

    /// Limits the number of open connections of one process, over all its loops. At least one is
    /// allowed.
    ///
    /// At the limit nothing is accepted, and new connections wait in the kernel's queue, up to 4096
    /// of them, until another is closed. Each connection needs a file descriptor, so that `ulimit
    /// -n` is a limit as well. When the descriptors run out, accepting pauses and the log says so.
    pub fn connections(mut self, most: usize) -> Self {
        self.connections = most.clamp(1, tokio::sync::Semaphore::MAX_PERMITS);
        self
    }

    /// Limits the number of requests on one connection. At least one is allowed.
    ///
    /// After them the client opens another connection, which balances clients over loops and
    /// processes again, and frees the memory that a long-lived connection holds.
    ///
    /// nginx allows 1,000 (`keepalive_requests`, since version 1.19.10), mostly for connections of
    /// browsers. A proxy or another service sends as many within a second.
    pub fn requests(mut self, most: u64) -> Self {
        self.requests = most.max(1);
        self
    }

    /// Limits the time between two requests, counted from the end of the response to the first.
    ///
    /// The default is that of nginx (`keepalive_timeout`), and longer than the 60 s of the load
    /// balancers of the large clouds. It should be longer: if the server closes first, it may do so
    /// just when a request is on its way.
    ///
    /// A connection of HTTP/1.1 is closed at once. A client of HTTP/2 gets a `GOAWAY`, and its
    /// connection is closed if it has not left 5 s later.
    pub fn idle(mut self, longest: Duration) -> Self {
        self.idle = longest;
        self
    }

    /// Limits the time for the head of a request, counted from its first byte, or for the first
    /// request from the start of the connection. On a connection of HTTP/2 that has brought a
    /// request, [`idle`](Self::idle) counts instead, and so it does for bytes that come together
    /// with the end of the body before them.
    ///
    /// The connection is closed without a response, as nginx does, because there is no request to
    /// respond to.
    pub fn header_read(mut self, longest: Duration) -> Self {
        self.header_read = longest;
        self
    }

    /// Limits the number of bytes in the head of a request. A number below 8 KiB is raised to that.
    pub fn header_size(mut self, bytes: usize) -> Self {
        self.header_size = bytes.max(8 * 1024);
        self
    }

    /// Limits the number of header fields in the head of a request, in either version of HTTP. At
    /// least one is allowed, and 10,000 at most. The default is that of Apache
    /// (`LimitRequestFields`); with another number each HTTP/1.1 request needs an allocation more.
    pub fn header_fields(mut self, most: usize) -> Self {
        self.header_fields = most.clamp(1, MOST_FIELDS);
        self
    }

    /// Limits the time for the body of a request: `longest`, and one second more for each
    /// `bytes_per_second` bytes.
    ///
    /// Only the time counts in which the service waits for the client. A service that reads late,
    /// because it had to wait itself, finds the whole time left, and a slow client does not hold up
    /// a service that does not read at all.
    ///
    /// When the time is up, the body ends in an error for its reader. Whatever the service makes of
    /// that, the client gets a 408. An HTTP/1.1 connection is then closed; on an HTTP/2 connection
    /// other requests go on. A response whose head has been sent already breaks off.
    ///
    /// The default is that of Apache (`mod_reqtimeout`: `RequestReadTimeout body=20,MinRate=500`):
    /// a client that sends nothing has 20 s, and one that sends at least 500 bytes a second has all
    /// the time that it needs.
    pub fn body_read(mut self, longest: Duration, bytes_per_second: u64) -> Self {
        self.body_read = (longest, bytes_per_second.max(1));
        self
    }

    /// Limits the number of bytes in the body of a request.
    ///
    /// A body that announces more in `Content-Length` is refused before the service sees the
    /// request. One that turns out to be longer ends in an error for its reader. Whatever the
    /// service makes of that, the client gets a 413.
    pub fn body_size(mut self, bytes: u64) -> Self {
        self.body_size = bytes;
        self
    }

    /// Limits the time for which a client may accept no bytes of a response. Each successful write
    /// restarts it, so that a slow download takes as long as it needs. The default is that of nginx
    /// (`send_timeout`).
    ///
    /// In HTTP/2 a client makes room for each response apart; one that does not is the same as one
    /// that reads nothing. The time is that of the connection: a client that reads one response may
    /// leave another unread.
    pub fn response_write(mut self, longest: Duration) -> Self {
        self.response_write = longest;
        self
    }

    /// Limits the number of connections of one process, over all its loops, that have become
    /// something else than HTTP, such as a WebSocket. A tunnel in HTTP/2 counts as one, though
    /// several may share a connection. 0 allows none.
    ///
    /// They count among all [`connections`](Self::connections) as well. A smaller number here keeps
    /// room for requests when each user of a page has a WebSocket open.
    ///
    /// Beyond it the client gets a 503 in place of the response that would have accepted the
    /// upgrade, and for the handler the upgrade fails.
    pub fn upgraded_connections(mut self, most: usize) -> Self {
        self.upgraded_connections = most.min(tokio::sync::Semaphore::MAX_PERMITS);
        self
    }

    /// Limits the time for which nothing is received or sent on an upgraded connection, so that
    /// clients which have vanished do not add up.
    ///
    /// Then reading and writing end in an error of the kind
    /// [`TimedOut`](std::io::ErrorKind::TimedOut), and the connection is closed when its handler
    /// drops the stream, as handlers do on an error. A handler that neither reads nor writes is not
    /// ended. In HTTP/2 the connection is closed when it carries nothing but tunnels, and no byte
    /// came or went for that time.
    ///
    /// The default is what guides to `HAProxy` set (`timeout tunnel`). nginx allows 60 s
    /// (`proxy_read_timeout`), which a WebSocket without pings of its own does not survive.
    pub fn upgraded_idle(mut self, longest: Duration) -> Self {
        self.upgraded_idle = longest;
        self
    }

    /// Limits the number of open requests on one HTTP/2 connection. At least one is allowed.
    pub fn streams(mut self, most: u32) -> Self {
        self.streams = most.max(1);
        self
    }

    /// Sets whether an HTTP/1.1 connection may bring another request after its first.
    pub fn keep_alive(mut self, on: bool) -> Self {
        self.keep_alive = on;
        self
    }

    /// Sets whether an HTTP/1.1 client that has closed its side of the connection still gets the
    /// response to its request. Default: only if the response is there by then.
    ///
    /// A client that has gone and one that only sends no more (`nc -N`, `shutdown(SHUT_WR)`) look
    /// alike. By default both count as gone: the service's future is dropped, and jobs that it has
    /// queued never run. nginx does so with requests that it passes on (status 499), and so does
    /// Tornado. With `true` both get their response, and jobs run for clients that have gone.
    pub fn half_close(mut self, on: bool) -> Self {
        self.half_close = on;
        self
    }

    /// Returns the shortest time after which a connection can have reached a time limit.
    pub(super) fn shortest(&self) -> Duration {
        self.header_read.min(self.idle).min(self.response_write).min(self.upgraded_idle)
    }
}
