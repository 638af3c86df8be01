//! A connection that has become something else than HTTP: it is one of a limited number, and may
//! not be silent for too long.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Sleep, sleep};

/// What is kept for an upgraded connection as long as its socket is open.
pub(super) struct Upgrade {
    _permit: OwnedSemaphorePermit,
    longest: Duration,
    silence: Mutex<Silence>,
}

/// One half of a stream. Each may be in a task of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Read,
    Write,
}

struct Silence {
    /// When bytes were last read or written.
    since: Instant,
    /// The timers that wake the two sides. They are set again when they go off and not with each
    /// read and write.
    read: Timer,
    write: Timer,
}

struct Timer {
    sleep: Pin<Box<Sleep>>,
    /// Whether the time was up at the last poll.
    was_expired: bool,
}

impl Upgrade {
    /// Must be called within the runtime. Whoever gets the stream may poll it elsewhere.
    pub(super) fn new(permit: OwnedSemaphorePermit, longest: Duration) -> Self {
        let timer = || Timer { sleep: Box::pin(sleep(longest)), was_expired: false };
        let silence = Silence { since: Instant::now(), read: timer(), write: timer() };
        Self { _permit: permit, longest, silence: Mutex::new(silence) }
    }

    /// Returns the outcome of a read or a write, or an error if nothing has moved for too long.
    pub(super) fn limit<T>(
        &self,
        side: Side,
        outcome: Poll<io::Result<T>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        let mut silence = self.silence.lock().unwrap_or_else(PoisonError::into_inner);
        let Silence { since, read, write } = &mut *silence;
        if outcome.is_ready() {
            *since = Instant::now();
            return outcome;
        }
        let end = since.checked_add(self.longest);
        let timer = if side == Side::Read { read } else { write };
        if timer.poll_expired(end, cx) {
            return Poll::Ready(Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "nothing was received or sent for as long as the server allows",
            )));
        }
        Poll::Pending
    }
}

impl Timer {
    /// Returns whether it is later than `end`, and otherwise wakes the task when it is.
    fn poll_expired(&mut self, end: Option<Instant>, cx: &mut Context<'_>) -> bool {
        while self.sleep.as_mut().poll(cx).is_ready() {
            match end {
                Some(end) if end > Instant::now() => self.sleep.as_mut().reset(end.into()),
                Some(_) if self.was_expired => return true,
                // A handler may have blocked the loop while bytes came that were not seen yet. They
                // are seen within one turn of the loop.
                Some(_) => {
                    self.was_expired = true;
                    cx.waker().wake_by_ref();
                    return false;
                }
                // In an endless time the timer goes off because it cannot be set later.
                None => return false,
            }
        }
        self.was_expired = false;
        false
    }
}
