//! A thread that polls what is watched: an event loop of the server, or a thread of any other
//! runtime.
//!
//! # The invariant
//!
//! *A reader that finds a poll, takes its name, and finds the same poll again has the name of that
//! poll.* The thread stores the name and then the beginning; at the end it clears the beginning.
//! All of these are releases, so whoever reads the name of a later poll sees that the earlier one
//! is over. Two polls that begin in the same nanosecond would be taken for one, but a poll that is
//! looked at twice has taken longer than that.

#[cfg(feature = "server")]
use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
#[cfg(feature = "server")]
use std::task::Poll;
use std::task::Waker;
use std::thread;
use std::time::Duration;

use crossbeam_utils::CachePadded;

use super::names::NameId;
use super::watcher::{Seen, Watcher};
use super::{CurrentPoll, LoopStats};
use crate::clock;
use crate::workers::os_thread::ThreadId;

/// The time over which the longest lag is kept, twice: the present one and the one before.
const LAG_WINDOW: Duration = Duration::from_secs(10);

/// All threads that poll what is watched.
static THREADS: Mutex<Vec<Arc<PollingThread>>> = Mutex::new(Vec::new());

pub(crate) struct PollingThread {
    gauge: CachePadded<Gauge>,
    lag: Lag,
    /// What the watcher saw at its last look.
    pub(super) seen: Mutex<Seen>,
    /// The poll that was reported last while it lasted, and the one of these that was logged. Both
    /// belong to the lock of the reports.
    pub(super) reported: AtomicU64,
    pub(super) logged: AtomicU64,
    /// The number of the loop in its server.
    pub(super) number: Option<usize>,
    pub(super) name: String,
    pub(super) id: ThreadId,
}

/// Written by the thread alone, so that a load and a store count.
#[derive(Default)]
struct Gauge {
    /// When the present poll began, or 0 if there is none.
    begun: AtomicU64,
    /// The name of the present or the last poll.
    name: AtomicU64,
    /// When the loop woke up, or 0 while it sleeps.
    awake_since: AtomicU64,
    wakes: AtomicU64,
    polls: AtomicU64,
    long_polls: AtomicU64,
    /// Time that the loop was awake, or that another thread polled.
    busy: AtomicU64,
}

/// How late the loop polls a task that another thread wakes. The watcher asks, the loop replies.
#[derive(Default)]
struct Lag {
    /// When the watcher asked, or 0 if the loop has replied.
    asked: AtomicU64,
    /// The task of the loop that replies.
    waker: Mutex<Option<Waker>>,
    last: AtomicU64,
    /// The number of the present window, the longest lag in it, and in the window before.
    window: AtomicU64,
    longest: AtomicU64,
    longest_before: AtomicU64,
}

/// A poll that a thread is in.
#[derive(Clone, Copy)]
pub(super) struct PollInProgress {
    pub(super) begun: u64,
    pub(super) name: NameId,
}

impl PollingThread {
    /// Registers the calling thread, which may be the loop of a server with this number.
    pub(super) fn register(number: Option<usize>) -> Arc<Self> {
        let current = thread::current();
        let thread = Arc::new(Self {
            gauge: CachePadded::default(),
            lag: Lag::default(),
            seen: Mutex::default(),
            reported: AtomicU64::new(0),
            logged: AtomicU64::new(0),
            number,
            name: current.name().unwrap_or("(unnamed)").to_owned(),
            id: ThreadId::current(),
        });
        if number.is_some() {
            thread.wakes();
        }
        with_all(|threads| threads.push(Arc::clone(&thread)));
        Watcher::get().start();
        thread
    }

    pub(super) fn unregister(self: &Arc<Self>) {
        with_all(|threads| threads.retain(|other| !Arc::ptr_eq(other, self)));
    }

    /// Begins a poll, unless the thread is in one already.
    #[inline]
    pub(super) fn begin(&self, begun: u64, name: NameId) {
        self.gauge.name.store(name.to_bits(), Ordering::Release);
        self.gauge.begun.store(begun, Ordering::Release);
        // A loop has armed the watcher when it woke up.
        if self.number.is_none() {
            Watcher::get().arm(begun);
        }
    }

    /// Ends the present poll.
    #[inline]
    pub(super) fn end(&self, took: u64) {
        self.gauge.begun.store(0, Ordering::Release);
        add(&self.gauge.polls, 1);
        if self.number.is_none() {
            add(&self.gauge.busy, took);
        }
    }

    pub(super) fn count_long_poll(&self) {
        add(&self.gauge.long_polls, 1);
    }

    /// Returns the poll that the thread is in.
    pub(super) fn poll(&self) -> Option<PollInProgress> {
        let begun = self.gauge.begun.load(Ordering::Acquire);
        let name = NameId::from_bits(self.gauge.name.load(Ordering::Acquire));
        (begun != 0).then_some(PollInProgress { begun, name })
    }

    /// Returns whether the thread is in the poll that began then.
    pub(super) fn is_in(&self, begun: u64) -> bool {
        self.gauge.begun.load(Ordering::Acquire) == begun
    }

    /// Notes that the loop runs again.
    pub(crate) fn wakes(&self) {
        let now = now();
        self.gauge.awake_since.store(now, Ordering::Relaxed);
        add(&self.gauge.wakes, 1);
        Watcher::get().arm(now);
    }

    /// Notes that the loop has nothing to do.
    #[cfg(feature = "server")]
    pub(crate) fn sleeps(&self) {
        let since = self.gauge.awake_since.load(Ordering::Relaxed);
        add(&self.gauge.busy, now().saturating_sub(since));
        self.gauge.awake_since.store(0, Ordering::Relaxed);
    }

    fn is_awake(&self) -> bool {
        self.gauge.awake_since.load(Ordering::Relaxed) != 0
    }

    /// Returns whether the loop is awake, or another thread polls.
    pub(super) fn is_active(&self) -> bool {
        self.is_awake() || self.gauge.begun.load(Ordering::Relaxed) != 0
    }

    /// Returns a number that changes whenever the thread becomes active.
    pub(super) fn activity(&self) -> u64 {
        let wakes = self.gauge.wakes.load(Ordering::Relaxed);
        wakes.wrapping_add(self.gauge.polls.load(Ordering::Relaxed))
    }

    /// Has a loop that is awake show how late it polls.
    pub(super) fn ask_for_lag(&self, now: u64) {
        if !self.is_awake() || self.lag.asked.load(Ordering::Relaxed) != 0 {
            return;
        }
        let waker = self.lag.waker.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(waker) = waker {
            self.lag.asked.store(now, Ordering::Relaxed);
            waker.wake();
        }
    }

    /// Replies to the watcher for ever, as a task of the loop.
    #[cfg(feature = "server")]
    pub(crate) async fn show_lag(&self) {
        poll_fn(|cx| {
            let asked = self.lag.asked.load(Ordering::Relaxed);
            if asked != 0 {
                self.lag.note(now(), asked);
                self.lag.asked.store(0, Ordering::Relaxed);
            }
            let mut waker = self.lag.waker.lock().unwrap_or_else(PoisonError::into_inner);
            if !waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                *waker = Some(cx.waker().clone());
            }
            Poll::<()>::Pending
        })
        .await;
    }

    fn stats(&self) -> LoopStats {
        let now = now();
        let gauge = &self.gauge;
        let awake_since = gauge.awake_since.load(Ordering::Relaxed);
        let mut busy = gauge.busy.load(Ordering::Relaxed);
        if awake_since != 0 {
            busy += now.saturating_sub(awake_since);
        }
        let current = self.poll().and_then(|poll| {
            let age = now.saturating_sub(poll.begun);
            let (name, threshold) = poll.name.entry()?;
            (age >= threshold && self.is_in(poll.begun))
                .then(|| CurrentPoll { name: name.to_string(), age: Duration::from_nanos(age) })
        });
        let is_loop = self.number.is_some();
        LoopStats {
            number: self.number,
            thread: self.name.clone(),
            thread_id: self.id.number(),
            lag: is_loop.then(|| match awake_since {
                0 => Duration::ZERO,
                _ => self.lag.now(now),
            }),
            longest_lag: is_loop.then(|| self.lag.longest(now)),
            polls: gauge.polls.load(Ordering::Relaxed),
            long_polls: gauge.long_polls.load(Ordering::Relaxed),
            busy: Duration::from_nanos(busy),
            current,
        }
    }
}

impl Lag {
    /// Notes a reply. Only the loop calls this.
    #[cfg(feature = "server")]
    fn note(&self, now: u64, asked: u64) {
        let lag = now.saturating_sub(asked);
        self.last.store(lag, Ordering::Relaxed);
        let (window, longest) = (window(now), self.longest.load(Ordering::Relaxed));
        let before = self.window.load(Ordering::Relaxed);
        if window == before {
            self.longest.store(longest.max(lag), Ordering::Relaxed);
        } else {
            let kept = if window == before + 1 { longest } else { 0 };
            self.longest_before.store(kept, Ordering::Relaxed);
            self.longest.store(lag, Ordering::Relaxed);
            self.window.store(window, Ordering::Relaxed);
        }
    }

    /// Returns the lag as last measured, or for how long a loop has not replied yet.
    fn now(&self, now: u64) -> Duration {
        Duration::from_nanos(match self.asked.load(Ordering::Relaxed) {
            0 => self.last.load(Ordering::Relaxed),
            asked => now.saturating_sub(asked),
        })
    }

    fn longest(&self, now: u64) -> Duration {
        let (longest, before) =
            (self.longest.load(Ordering::Relaxed), self.longest_before.load(Ordering::Relaxed));
        let noted = match window(now) - self.window.load(Ordering::Relaxed) {
            0 => longest.max(before),
            1 => longest,
            _ => 0,
        };
        let waits = match self.asked.load(Ordering::Relaxed) {
            0 => 0,
            asked => now.saturating_sub(asked),
        };
        Duration::from_nanos(noted.max(waits))
    }
}

fn window(now: u64) -> u64 {
    Duration::from_nanos(now).as_secs() / LAG_WINDOW.as_secs()
}

/// Counts, where only the calling thread does.
fn add(counter: &AtomicU64, number: u64) {
    counter.store(counter.load(Ordering::Relaxed).wrapping_add(number), Ordering::Relaxed);
}

fn with_all<T>(f: impl FnOnce(&mut Vec<Arc<PollingThread>>) -> T) -> T {
    f(&mut THREADS.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Returns all threads that poll what is watched.
pub(super) fn all() -> Vec<Arc<PollingThread>> {
    with_all(|threads| threads.clone())
}

pub(super) fn is_any_active() -> bool {
    with_all(|threads| threads.iter().any(|thread| thread.is_active()))
}

pub(super) fn stats() -> Vec<LoopStats> {
    let mut stats: Vec<_> = all().iter().map(|thread| thread.stats()).collect();
    stats.sort_by(|one, other| {
        let key = |stats: &LoopStats| (stats.number.is_none(), stats.number, stats.thread_id);
        key(one).cmp(&key(other))
    });
    stats
}

/// Returns the time in nanoseconds, never 0.
#[inline]
pub(super) fn now() -> u64 {
    clock::now().max(1)
}
