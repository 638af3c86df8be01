//! The time limits of one connection: when something last happened on it, and which limit is
//! reached next.
//!
//! The socket notes when bytes are read and written, and the requests note when they begin and when
//! their responses have been sent. What the protocol itself says, such as HTTP/2's PING, is neither
//! a request nor a response, and keeps no connection open. The task of the connection waits for the
//! first limit that is reached. One timer serves all limits: it is set again when it fires and not
//! with every request.

use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, OwnedSemaphorePermit};
use tokio::time::sleep_until;

use super::limits::Limits;
use super::select::select;
use super::upgrade::Upgrade;

/// Time that an HTTP/2 client has to leave after a `GOAWAY`. The connection is closed then.
const GO_AWAY: Duration = Duration::from_secs(5);

/// The time limits of one connection.
pub(super) struct ConnectionTimeouts {
    state: Mutex<State>,
    /// Notified when a limit begins that may be reached before the timer fires.
    changed: Notify,
    /// Present when the connection has become something else than HTTP. Only the limit on upgraded
    /// connections is its own then. It is apart because few connections have it.
    upgrade: OnceLock<Box<Upgrade>>,
}

struct State {
    /// Number of requests so far.
    requests: u64,
    /// Whether the connection has brought as many requests as it may, in HTTP/2.
    was_last: bool,
    /// Number of requests whose responses have not been sent, and of tunnels.
    open: usize,
    /// Present if there was a tunnel, which only HTTP/2 has, and few connections have.
    tunnels: Option<Box<Tunnels>>,
    /// Number of request bodies that may still be read, whether their responses are complete or
    /// not.
    bodies: usize,
    http2: bool,
    /// Start of the connection, or end of the last response.
    idle_since: Instant,
    /// Arrival of the first byte of the next head.
    head_since: Option<Instant>,
    /// The last bytes that were read.
    tail: [u8; 3],
    /// Whether the last request had a body.
    had_body: bool,
    /// Time of the first write that was blocked since the last successful one.
    blocked_since: Option<Instant>,
    /// Number of pieces of responses that have not been sent yet.
    unsent: usize,
    /// Time at which the first of them was ready, or at which bytes of one of them were last sent.
    sent: Instant,
    /// Time of the `GOAWAY`.
    going_away_since: Option<Instant>,
}

/// The tunnels of a connection.
struct Tunnels {
    /// Number of those that have not ended.
    open: usize,
    /// The permit of one that is about to begin.
    next: Option<OwnedSemaphorePermit>,
    /// When bytes of the connection were last read or written.
    moved: Instant,
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
        let now = Instant::now();
        let state = State {
            requests: 0,
            was_last: false,
            open: 0,
            tunnels: None,
            bodies: 0,
            http2: false,
            idle_since: now,
            head_since: None,
            tail: [0; 3],
            had_body: false,
            blocked_since: None,
            unsent: 0,
            sent: now,
            going_away_since: None,
        };
        Arc::new(Self {
            state: Mutex::new(state),
            changed: Notify::new(),
            upgrade: OnceLock::new(),
        })
    }

    /// Notes that bytes were read. Between two requests they begin the next head.
    pub(super) fn bytes_read(&self, bytes: &[u8]) {
        let mut state = self.lock();
        state.moves();
        for byte in &bytes[bytes.len().saturating_sub(3)..] {
            state.tail = [state.tail[1], state.tail[2], *byte];
        }
        if state.open == 0 && state.bodies == 0 && state.head_since.is_none() {
            state.head_since = Some(Instant::now());
        }
    }

    /// Notes that bytes were written.
    pub(super) fn bytes_written(&self) {
        let mut state = self.lock();
        state.moves();
        state.blocked_since = None;
    }

    /// Notes that bytes wait until the client has read those before them.
    pub(super) fn write_blocked(&self) {
        self.lock().blocked_since.get_or_insert_with(Instant::now);
    }

    /// Notes that the client speaks HTTP/2.
    pub(super) fn is_http2(&self) {
        self.lock().http2 = true;
    }

    /// Notes the beginning of a request, of which a connection may bring `most`. Returns a guard
    /// that keeps the request open, and the number of requests so far.
    pub(super) fn request(self: &Arc<Self>, most: u64) -> (OpenResponse, u64) {
        let mut state = self.lock();
        state.requests += 1;
        state.open += 1;
        state.head_since = None;
        state.had_body = false;
        // A tunnel that was accepted has begun by now, or never will.
        if let Some(tunnels) = &mut state.tunnels {
            tunnels.next = None;
        }
        if state.http2 && state.requests == most {
            state.was_last = true;
            self.changed.notify_one();
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
        let mut state = self.lock();
        state.bodies += 1;
        state.had_body = true;
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

    /// Notes that the connection becomes something else than HTTP when the response has been sent,
    /// and may then be silent for `idle`. Must be called within the runtime.
    pub(super) fn upgrade(&self, permit: OwnedSemaphorePermit, idle: Duration) {
        let _ = self.upgrade.set(Box::new(Upgrade::new(permit, idle)));
    }

    /// Returns what the connection has become, if it is not HTTP any more.
    pub(super) fn upgraded(&self) -> Option<&Upgrade> {
        self.upgrade.get().map(Box::as_ref)
    }

    /// Notes that a request becomes a tunnel of HTTP/2. The next task of the connection is it:
    /// hyper starts that when it has sent the response.
    pub(super) fn tunnel(&self, permit: OwnedSemaphorePermit) {
        let mut state = self.lock();
        let none = || Box::new(Tunnels { open: 0, next: None, moved: Instant::now() });
        state.tunnels.get_or_insert_with(none).next = Some(permit);
    }

    /// Returns a guard for the next task of the connection if that is a tunnel.
    pub(super) fn begin_tunnel(self: &Arc<Self>) -> Option<OpenTunnel> {
        let mut state = self.lock();
        let tunnels = state.tunnels.as_mut()?;
        let permit = tunnels.next.take()?;
        tunnels.open += 1;
        tunnels.moved = Instant::now();
        Some(OpenTunnel { timeouts: Arc::clone(self), _permit: permit })
    }

    /// Waits until a limit is reached.
    pub(super) async fn expired(&self, limits: &Limits) -> Expired {
        loop {
            let now = Instant::now();
            let next = self.lock().next_limit(limits);
            let alarm = match next {
                Some((time, expired)) if time <= now => return expired,
                // A limit whose time begins after this check is not reached before the shortest of
                // all is, or else `changed` is notified.
                next => next
                    .map(|(time, _)| time)
                    .into_iter()
                    .chain(now.checked_add(limits.shortest()))
                    .min(),
            };
            let alarm = async {
                match alarm {
                    Some(time) => sleep_until(time.into()).await,
                    None => pending().await,
                }
            };
            select(alarm, self.changed.notified()).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Notes that bytes came or went.
    fn moves(&mut self) {
        if let Some(tunnels) = &mut self.tunnels {
            tunnels.moved = Instant::now();
        }
    }

    /// Returns the limit that is reached next if nothing happens before, and when. The first of
    /// these that holds decides:
    ///
    /// | state of the connection | limit | then |
    /// | --- | --- | --- |
    /// | it has brought its last request, in HTTP/2 | none | `GOAWAY` |
    /// | a write is blocked | `response_write` | close |
    /// | a piece of a response is unsent | `response_write` | close |
    /// | only tunnels are open | `upgraded_idle` | close |
    /// | a request is open | none: the response is the service's | |
    /// | a `GOAWAY` was sent | `GO_AWAY` | close |
    /// | there was no request yet | `header_read` | close |
    /// | HTTP/2, between requests | `idle` | `GOAWAY` |
    /// | a head has begun | `header_read` | close |
    /// | HTTP/1.1, between requests | `idle` | close |
    fn next_limit(&self, limits: &Limits) -> Option<(Instant, Expired)> {
        use Expired::{Close, GoAway};
        let (since, longest, expired) = if self.was_last && self.going_away_since.is_none() {
            return Some((self.idle_since, GoAway("it has brought as many requests as it may")));
        } else if let Some(since) = self.blocked_since {
            (since, limits.response_write, Close("the client does not read the response"))
        } else if self.unsent > 0 {
            (self.sent, limits.response_write, Close("the client does not take the response"))
        } else if let Some(tunnels) = &self.tunnels
            && tunnels.open > 0
            && tunnels.open == self.open
        {
            (tunnels.moved, limits.upgraded_idle, Close("its tunnels are silent"))
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

/// Keeps a request open until its response has been sent.
pub(super) struct OpenResponse(Arc<ConnectionTimeouts>);

impl OpenResponse {
    /// Notes that a piece of the response is ready to be sent.
    pub(super) fn piece_ready(&self) {
        let mut state = self.0.lock();
        if state.unsent == 0 {
            state.sent = Instant::now();
        }
        state.unsent += 1;
    }

    /// Notes that a part of a piece was sent.
    pub(super) fn part_sent(&self) {
        self.0.lock().sent = Instant::now();
    }

    /// Notes that a piece was sent, or dropped.
    pub(super) fn piece_gone(&self) {
        let mut state = self.0.lock();
        state.unsent -= 1;
        state.sent = Instant::now();
    }
}

impl Drop for OpenResponse {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.open -= 1;
        state.idle_since = Instant::now();
        if state.open > 0 {
            return;
        }
        // Bytes behind a request without a body that do not end a head have begun the next one.
        let ended = state.tail == *b"\n\r\n" || state.tail.ends_with(b"\n\n");
        if !state.http2 && !state.had_body && !ended {
            state.head_since = Some(state.idle_since);
        }
        if state.going_away_since.is_some() {
            self.0.changed.notify_one();
        }
    }
}

/// Counts a tunnel until it has ended.
pub(super) struct OpenTunnel {
    timeouts: Arc<ConnectionTimeouts>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for OpenTunnel {
    fn drop(&mut self) {
        if let Some(tunnels) = &mut self.timeouts.lock().tunnels {
            tunnels.open -= 1;
        }
    }
}

/// Counts a request body that may still be read.
pub(super) struct OpenBody(Arc<ConnectionTimeouts>);

impl Drop for OpenBody {
    fn drop(&mut self) {
        self.0.lock().bodies -= 1;
    }
}
