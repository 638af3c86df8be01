//! What a client may take of the server: each limit with a default that protects.

use std::time::Duration;

/// What clients may take. Every limit has a default that protects a server on the open internet.
///
/// How long an *answer* may take is the service's affair, and
/// [`request_timeout`](super::ServerBuilder::request_timeout) limits it.
///
/// | limit | default | beyond it |
/// | --- | --- | --- |
/// | [`connections`](Self::connections) | 10,000 | new ones wait in the kernel's queue until one is closed |
/// | [`requests`](Self::requests) | 10,000 | the last answer says `Connection: close`, or a `GOAWAY` does, and the connection ends |
/// | [`idle`](Self::idle) | 75 s | the connection is closed; of HTTP/2 with a `GOAWAY` |
/// | [`header_read`](Self::header_read) | 30 s | the connection is closed |
/// | [`header_size`](Self::header_size) | 64 KiB | `431 Request Header Fields Too Large` |
/// | [`body_read`](Self::body_read) | 20 s, and 1 s for each 500 bytes | `408 Request Timeout` with one line of text, and the connection is closed |
/// | [`body_size`](Self::body_size) | 10 MiB | `413 Content Too Large` with one line of text |
/// | [`response_write`](Self::response_write) | 60 s | the connection is closed |
/// | [`streams`](Self::streams) | 128 | the stream is refused (`REFUSED_STREAM`); the client may try again |
/// | [`keep_alive`](Self::keep_alive) | on | - |
#[derive(Clone, Debug)]
#[must_use]
pub struct Limits {
    pub(super) connections: usize,
    pub(super) requests: u64,
    pub(super) idle: Duration,
    pub(super) header_read: Duration,
    pub(super) header_size: usize,
    /// How long, and how many bytes give a second more.
    pub(super) body_read: (Duration, u64),
    pub(super) body_size: u64,
    pub(super) response_write: Duration,
    pub(super) streams: u32,
    pub(super) keep_alive: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            requests: 10_000,
            idle: Duration::from_secs(75),
            header_read: Duration::from_secs(30),
            header_size: 64 * 1024,
            body_read: (Duration::from_secs(20), 500),
            body_size: 10 * 1024 * 1024,
            response_write: Duration::from_secs(60),
            streams: 128,
            keep_alive: true,
        }
    }
}

impl Limits {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many connections one process serves at a time, over all its loops; at least one.
    ///
    /// At the limit nothing is accepted: a new connection waits in the kernel's queue (up to 4096 of them) until
    /// another is closed. Each needs a file descriptor, so `ulimit -n` is a limit as well; when descriptors run
    /// out, accepting pauses and the log says so.
    pub fn connections(mut self, most: usize) -> Self {
        self.connections = most.clamp(1, tokio::sync::Semaphore::MAX_PERMITS);
        self
    }

    /// How many requests one connection may bring; at least one. Beyond them its client opens another, which spreads clients
    /// over loops and processes again, and gives back what a long-lived connection has come to hold.
    ///
    /// nginx has 1,000 (`keepalive_requests`, of version 1.19.10 on), for connections that are mostly of browsers; the ones of
    /// a proxy or of another service bring that many within a second.
    pub fn requests(mut self, most: u64) -> Self {
        self.requests = most.max(1);
        self
    }

    /// How long a connection is kept on which there is nothing to answer, counted from the end of the answer before.
    ///
    /// 75 s are nginx's (`keepalive_timeout`), and more than the 60 s for which the load balancers of the large clouds keep
    /// theirs: whoever closes first must not be the server, which may do it just when a request is on its way.
    ///
    /// A connection of HTTP/1.1 is closed at once. A client of HTTP/2 is told by a `GOAWAY`, and cut if it has not left after
    /// 5 s.
    pub fn idle(mut self, longest: Duration) -> Self {
        self.idle = longest;
        self
    }

    /// How long the head of a request may take, counted from its first byte; that of a connection's first request, from the
    /// beginning of the connection. On a connection of HTTP/2 that has brought a request, [`idle`](Self::idle) counts instead.
    ///
    /// The connection is closed without an answer, as nginx does: there is no request to answer.
    pub fn header_read(mut self, longest: Duration) -> Self {
        self.header_read = longest;
        self
    }

    /// How many bytes the head of a request may have; at least 8 KiB, which a smaller number is raised to.
    pub fn header_size(mut self, bytes: usize) -> Self {
        self.header_size = bytes.max(8 * 1024);
        self
    }

    /// How long the body of a request may take, and for how many bytes it may take a second more.
    ///
    /// Only the time counts in which the service waits for the client. A service that reads late, because it has waited for
    /// its turn itself, finds the whole time left; and one that does not read at all is not held up by a slow client.
    ///
    /// Beyond it the body ends in an error for whoever reads it, and whatever the service makes of that, the client is
    /// answered 408 and a connection of HTTP/1.1 closed; on one of HTTP/2 other requests go on. An answer whose head has been
    /// sent already breaks off.
    ///
    /// The default is Apache's (`mod_reqtimeout`: `RequestReadTimeout body=20,MinRate=500`): a client that sends nothing has
    /// 20 s, and one that sends 500 bytes a second or more, all the time that it needs.
    pub fn body_read(mut self, longest: Duration, bytes_per_second: u64) -> Self {
        self.body_read = (longest, bytes_per_second.max(1));
        self
    }

    /// How many bytes the body of a request may have.
    ///
    /// A body that announces more in `Content-Length` is refused before the service sees the request. One that
    /// turns out longer ends in an error for whoever reads it, and whatever the service makes of that, the
    /// client is answered 413.
    pub fn body_size(mut self, bytes: u64) -> Self {
        self.body_size = bytes;
        self
    }

    /// How long a client may take nothing of what is sent to it. It begins anew with each piece that it takes: a slow download
    /// takes as long as it takes. 60 s are nginx's (`send_timeout`).
    ///
    /// What counts is the connection. A client of HTTP/2 that takes other answers may leave one lying.
    pub fn response_write(mut self, longest: Duration) -> Self {
        self.response_write = longest;
        self
    }

    /// How many requests one HTTP/2 connection may have open at a time; at least one.
    pub fn streams(mut self, most: u32) -> Self {
        self.streams = most.max(1);
        self
    }

    /// Whether an HTTP/1.1 connection may bring another request after its first.
    pub fn keep_alive(mut self, on: bool) -> Self {
        self.keep_alive = on;
        self
    }

    /// The shortest time after which a connection can have reached a limit.
    pub(super) fn shortest(&self) -> Duration {
        self.header_read.min(self.idle).min(self.response_write)
    }
}
