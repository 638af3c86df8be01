//! What a connection does, as far as the limits on time are about it.
//!
//! The stream notes when bytes come and when none can go, the requests when they begin and when their answers are whole; the
//! connection's task waits for the first limit that is reached. It has one timer for all of them, which is set again when
//! it goes off and not with every request.

use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::Version;
use tokio::sync::Notify;
use tokio::time::sleep_until;

use super::Limits;
use super::race::race;

/// How long a client of HTTP/2 may take to notice that its connection is being closed (GOAWAY) before it is cut.
const GO_AWAY: Duration = Duration::from_secs(5);

/// The activity of one connection.
pub(super) struct ConnectionTimeouts {
    now: Mutex<State>,
    /// It has brought as many requests as it may.
    full: Notify,
}

struct State {
    /// How many requests it has brought,
    requests: u64,
    /// how many of them wait for their answer, or for the rest of it,
    open: usize,
    /// and how many bodies of them may still be read, their answers whole or not.
    bodies: usize,
    http2: bool,
    /// Since when there is nothing to answer or to send.
    idle: Instant,
    /// When the first byte of the next head came.
    head: Option<Instant>,
    /// Since when the client takes nothing of what is sent.
    stalled: Option<Instant>,
    /// Since when it takes no more requests, of those that can be told so.
    leaving: Option<Instant>,
}

/// What is to become of a connection on which a limit was reached.
#[derive(Clone, Copy, Debug)]
pub(super) enum Expired {
    /// It is closed where it stands; why.
    Close(&'static str),
    /// It takes no more requests, and the client is told.
    GoAway(&'static str),
}

impl ConnectionTimeouts {
    pub(super) fn new() -> Arc<Self> {
        let now = State {
            requests: 0,
            open: 0,
            bodies: 0,
            http2: false,
            idle: Instant::now(),
            head: None,
            stalled: None,
            leaving: None,
        };
        Arc::new(Self { now: Mutex::new(now), full: Notify::new() })
    }

    /// Bytes have come.
    pub(super) fn received(&self) {
        let mut now = self.lock();
        if now.open == 0 && now.bodies == 0 && now.head.is_none() {
            now.head = Some(Instant::now());
        }
    }

    /// Bytes have gone.
    pub(super) fn sent(&self) {
        let mut now = self.lock();
        now.stalled = None;
        if now.open == 0 {
            now.idle = Instant::now();
        }
    }

    /// Bytes wait for the client to take those before them.
    pub(super) fn stalled(&self) {
        self.lock().stalled.get_or_insert_with(Instant::now);
    }

    /// A request begins, and is open until the guard is dropped. The number says how many there have been.
    pub(super) fn begin(self: &Arc<Self>, version: Version, most: u64) -> (OpenResponse, u64) {
        let mut now = self.lock();
        now.requests += 1;
        now.open += 1;
        now.head = None;
        now.http2 = version >= Version::HTTP_2;
        if now.http2 && now.requests == most {
            self.full.notify_one();
        }
        (OpenResponse(self.clone()), now.requests)
    }

    /// Holds a request open whose answer is whole, while the rest of its body is read.
    pub(super) fn hold(self: &Arc<Self>) -> OpenResponse {
        self.lock().open += 1;
        OpenResponse(self.clone())
    }

    /// The body of a request may be read, until the guard is dropped.
    pub(super) fn body(self: &Arc<Self>) -> OpenBody {
        self.lock().bodies += 1;
        OpenBody(self.clone())
    }

    /// How many requests the connection has brought.
    pub(super) fn requests(&self) -> u64 {
        self.lock().requests
    }

    /// When the last answer was whole, or the connection began.
    pub(super) fn last_response(&self) -> Instant {
        self.lock().idle
    }

    /// The client has been told to leave.
    pub(super) fn leave(&self) {
        self.lock().leaving.get_or_insert_with(Instant::now);
    }

    /// Waits until the client has taken longer than it may, or has brought as many requests as it may.
    pub(super) async fn expired(&self, limits: &Limits) -> Expired {
        let watch = async {
            loop {
                let now = Instant::now();
                let due = self.lock().due(limits);
                let alarm = match due {
                    Some((time, expired)) if time <= now => return expired,
                    // What begins after this look is not due before the shortest of the limits is over.
                    due => due
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
        let full = async {
            self.full.notified().await;
            Expired::GoAway("it has brought as many requests as it may")
        };
        race(watch, full).await.either()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// When which limit will have been reached, if nothing happens before.
    fn due(&self, limits: &Limits) -> Option<(Instant, Expired)> {
        let (since, longest, expired) = if let Some(since) = self.stalled {
            (since, limits.response_write, Expired::Close("the client takes nothing"))
        } else if self.open > 0 {
            return None;
        } else if let Some(leaving) = self.leaving {
            (self.idle.max(leaving), GO_AWAY, Expired::Close("the client advance not leave"))
        } else if self.requests == 0 {
            (self.idle, limits.header_read, Expired::Close("no request came"))
        } else if self.http2 {
            (self.idle, limits.idle, Expired::GoAway("idle"))
        } else if let Some(since) = self.head {
            (since, limits.header_read, Expired::Close("the head of a request came too slowly"))
        } else {
            (self.idle, limits.idle, Expired::Close("idle"))
        };
        Some((since.checked_add(longest)?, expired))
    }
}

/// A request whose answer is not whole yet.
pub(super) struct OpenResponse(Arc<ConnectionTimeouts>);

impl Drop for OpenResponse {
    fn drop(&mut self) {
        let mut now = self.0.lock();
        now.open -= 1;
        now.idle = Instant::now();
    }
}

/// A body that may still be read.
pub(super) struct OpenBody(Arc<ConnectionTimeouts>);

impl Drop for OpenBody {
    fn drop(&mut self) {
        self.0.lock().bodies -= 1;
    }
}
