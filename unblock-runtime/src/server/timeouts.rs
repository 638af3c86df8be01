//! The time limits of one connection: when something last happened on it, and which limit is
//! reached next.
//!
//! The socket notes when bytes are read and written, and the requests note when they begin and when
//! their responses are complete. The task of the connection waits for the first limit that is
//! reached. One timer serves all limits: it is set again when it fires and not with every request.

use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::Version;
use tokio::sync::Notify;
use tokio::time::sleep_until;

use super::limits::Limits;
use super::select::select;

/// Time that an HTTP/2 client has to leave after a `GOAWAY`. The connection is closed then.
const GO_AWAY: Duration = Duration::from_secs(5);

/// The time limits of one connection.
pub(super) struct ConnectionTimeouts {
    state: Mutex<State>,
    /// Notified when an HTTP/2 connection has brought as many requests as it may.
    last_request: Notify,
}

struct State {
    /// Number of requests so far.
    requests: u64,
    /// Number of requests whose responses are incomplete.
    open: usize,
    /// Number of request bodies that may still be read, whether their responses are complete or
    /// not.
    bodies: usize,
    http2: bool,
    /// Start of the connection, end of the last response, or last successful write, whichever came
    /// last.
    idle_since: Instant,
    /// Arrival of the first byte of the next head.
    head_since: Option<Instant>,
    /// Time of the first write that was blocked since the last successful one.
    blocked_since: Option<Instant>,
    /// Time of the `GOAWAY`.
    going_away_since: Option<Instant>,
}

/// The consequence of a time limit that was reached, with the reason for the log.
#[derive(Clone, Copy, Debug)]
pub(super) enum Expired {
    /// Close the connection at once.
    Close(&'static str),
    /// Tell the client that the connection takes no more requests.
    GoAway(&'static str),
}

impl ConnectionTimeouts {
    pub(super) fn new() -> Arc<Self> {
        let state = State {
            requests: 0,
            open: 0,
            bodies: 0,
            http2: false,
            idle_since: Instant::now(),
            head_since: None,
            blocked_since: None,
            going_away_since: None,
        };
        Arc::new(Self { state: Mutex::new(state), last_request: Notify::new() })
    }

    /// Notes that bytes were read. Between two requests they begin the next head.
    pub(super) fn bytes_read(&self) {
        let mut state = self.lock();
        if state.open == 0 && state.bodies == 0 && state.head_since.is_none() {
            state.head_since = Some(Instant::now());
        }
    }

    /// Notes that bytes were written.
    pub(super) fn bytes_written(&self) {
        let mut state = self.lock();
        state.blocked_since = None;
        if state.open == 0 {
            state.idle_since = Instant::now();
        }
    }

    /// Notes that bytes wait until the client has read those before them.
    pub(super) fn write_blocked(&self) {
        self.lock().blocked_since.get_or_insert_with(Instant::now);
    }

    /// Notes the beginning of a request, of which a connection may bring `most`. Returns a guard
    /// that keeps the request open, and the number of requests so far.
    pub(super) fn request(self: &Arc<Self>, version: Version, most: u64) -> (OpenResponse, u64) {
        let mut state = self.lock();
        state.requests += 1;
        state.open += 1;
        state.head_since = None;
        state.http2 = version >= Version::HTTP_2;
        if state.http2 && state.requests == most {
            self.last_request.notify_one();
        }
        (OpenResponse(self.clone()), state.requests)
    }

    /// Keeps a request open whose response is complete, while the rest of its body is read.
    pub(super) fn hold(self: &Arc<Self>) -> OpenResponse {
        self.lock().open += 1;
        OpenResponse(self.clone())
    }

    /// Notes that the body of a request may be read, until the guard is dropped.
    pub(super) fn body(self: &Arc<Self>) -> OpenBody {
        self.lock().bodies += 1;
        OpenBody(self.clone())
    }

    /// Returns the number of requests so far.
    pub(super) fn requests(&self) -> u64 {
        self.lock().requests
    }

    /// Returns when the last response was complete, or when the connection began.
    pub(super) fn last_response(&self) -> Instant {
        self.lock().idle_since
    }

    /// Notes that the client was told to leave.
    pub(super) fn going_away(&self) {
        self.lock().going_away_since.get_or_insert_with(Instant::now);
    }

    /// Waits until a limit is reached.
    pub(super) async fn expired(&self, limits: &Limits) -> Expired {
        let time = async {
            loop {
                let now = Instant::now();
                let next = self.lock().next_limit(limits);
                let alarm = match next {
                    Some((time, expired)) if time <= now => return expired,
                    // A limit whose time begins after this check is not reached before the shortest
                    // of all is.
                    next => next
                        .map(|(time, _)| time)
                        .into_iter()
                        .chain(now.checked_add(limits.shortest()))
                        .min(),
                };
                match alarm {
                    Some(time) => sleep_until(time.into()).await,
                    None => pending().await,
                }
            }
        };
        let requests = async {
            self.last_request.notified().await;
            Expired::GoAway("it has brought as many requests as it may")
        };
        select(time, requests).await
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Returns the limit that is reached next if nothing happens before, and when. The first of
    /// these that holds decides:
    ///
    /// | state of the connection | limit | then |
    /// | --- | --- | --- |
    /// | a write is blocked | `response_write` | close |
    /// | a request is open | none: the response is the service's | |
    /// | a `GOAWAY` was sent | `GO_AWAY` | close |
    /// | there was no request yet | `header_read` | close |
    /// | HTTP/2, between requests | `idle` | `GOAWAY` |
    /// | a head has begun | `header_read` | close |
    /// | HTTP/1.1, between requests | `idle` | close |
    fn next_limit(&self, limits: &Limits) -> Option<(Instant, Expired)> {
        use Expired::{Close, GoAway};
        let (since, longest, expired) = if let Some(since) = self.blocked_since {
            (since, limits.response_write, Close("the client does not read the response"))
        } else if self.open > 0 {
            return None;
        } else if let Some(since) = self.going_away_since {
            (self.idle_since.max(since), GO_AWAY, Close("the client does not leave"))
        } else if self.requests == 0 {
            (self.idle_since, limits.header_read, Close("no request came"))
        } else if self.http2 {
            (self.idle_since, limits.idle, GoAway("idle"))
        } else if let Some(since) = self.head_since {
            (since, limits.header_read, Close("the head of a request came too slowly"))
        } else {
            (self.idle_since, limits.idle, Close("idle"))
        };
        Some((since.checked_add(longest)?, expired))
    }
}

/// Keeps a request open until its response is complete.
pub(super) struct OpenResponse(Arc<ConnectionTimeouts>);

impl Drop for OpenResponse {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.open -= 1;
        state.idle_since = Instant::now();
    }
}

/// Counts a request body that may still be read.
pub(super) struct OpenBody(Arc<ConnectionTimeouts>);

impl Drop for OpenBody {
    fn drop(&mut self) {
        self.0.lock().bodies -= 1;
    }
}
