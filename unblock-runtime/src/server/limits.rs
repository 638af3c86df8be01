//! What a client may take of the server: each limit with a default that protects.

use std::time::Duration;

/// What clients may take. Every limit has a default that protects a server on the open internet.
///
/// | limit | default | beyond it |
/// | --- | --- | --- |
/// | [`connections`](Self::connections) | 10,000 | new ones wait in the kernel's queue until one is closed |
/// | [`header_read`](Self::header_read) | 30 s | the connection is closed |
/// | [`header_size`](Self::header_size) | 64 KiB | `431 Request Header Fields Too Large` |
/// | [`body_size`](Self::body_size) | 10 MiB | `413 Content Too Large` with one line of text |
/// | [`streams`](Self::streams) | 128 | the stream is refused (`REFUSED_STREAM`); the client may try again |
/// | [`keep_alive`](Self::keep_alive) | on | - |
#[derive(Clone, Debug)]
#[must_use]
pub struct Limits {
    pub(super) connections: usize,
    pub(super) header_read: Duration,
    pub(super) header_size: usize,
    pub(super) body_size: u64,
    pub(super) streams: u32,
    pub(super) keep_alive: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            header_read: Duration::from_secs(30),
            header_size: 64 * 1024,
            body_size: 10 * 1024 * 1024,
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
    /// At the limit nothing is accepted: a new connection waits in the kernel's queue (1024 of them) until
    /// another is closed. Each needs a file descriptor, so `ulimit -n` is a limit as well; when descriptors run
    /// out, accepting pauses and the log says so.
    pub fn connections(mut self, most: usize) -> Self {
        self.connections = most.clamp(1, tokio::sync::Semaphore::MAX_PERMITS);
        self
    }

    /// How long the head of a request may take, counted from when the connection could have brought it: from
    /// its beginning, or from the answer before. An idle keep-alive connection of HTTP/1.1 is therefore closed
    /// after it, too.
    pub fn header_read(mut self, longest: Duration) -> Self {
        self.header_read = longest;
        self
    }

    /// How many bytes the head of a request may have; at least 8 KiB, which a smaller number is raised to.
    pub fn header_size(mut self, bytes: usize) -> Self {
        self.header_size = bytes.max(8 * 1024);
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
}
