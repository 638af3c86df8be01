//! One future that is watched, and the polls of it.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::names::{Name, NameId, OpenName};
use super::polling_thread::{PollingThread, now};
use super::reports;
use super::watcher::Watcher;
use crate::clock;

/// The age in nanoseconds of what a thread knows about its waits, at which it asks the kernel
/// again. That costs some 2 µs.
const WAITS_KEPT: u64 = 100_000_000;

/// A future that is watched, by its name, until this is dropped.
#[derive(Debug)]
pub(crate) struct Watch {
    name: OpenName,
    /// The time in nanoseconds from which a poll is long.
    threshold: u64,
}

impl Watch {
    pub(crate) fn new(name: Name, threshold: Duration) -> Self {
        Watcher::get().look_within(threshold);
        let threshold = clock::nanos(threshold);
        Self { name: OpenName::new((name, threshold)), threshold }
    }

    /// Polls by `f`, and reports it if that takes long. Within a poll that is watched already it
    /// only calls `f`.
    #[inline]
    pub(crate) fn poll<T>(&self, f: impl FnOnce() -> T) -> T {
        let _poll = self.begin();
        f()
    }

    #[inline]
    fn begin(&self) -> Option<WatchedPoll<'_>> {
        let local = Local::get()?;
        if local.thread.poll().is_some() {
            return None;
        }
        let mut begun = now();
        if begun.saturating_sub(local.waits.get().0) > WAITS_KEPT {
            local.renew_waits();
            begun = now();
        }
        local.thread.begin(begun, self.name.id());
        Some(WatchedPoll { watch: self, local, begun })
    }
}

/// Gives the request whose poll this thread is in another name, if it is in one.
#[cfg(feature = "matched-path")]
pub(crate) fn rename_current(name: impl FnOnce() -> Name) {
    if let Some(poll) = Local::get().and_then(|local| local.thread.poll()) {
        poll.name.rename(name());
    }
}

/// A poll that lasts until this is dropped, by a panic as well.
struct WatchedPoll<'a> {
    watch: &'a Watch,
    local: Rc<Local>,
    begun: u64,
}

impl Drop for WatchedPoll<'_> {
    #[inline]
    fn drop(&mut self) {
        let took = now().saturating_sub(self.begun);
        self.local.thread.end(took);
        if took >= self.watch.threshold {
            self.report(took);
        }
    }
}

impl WatchedPoll<'_> {
    #[cold]
    fn report(&self, took: u64) {
        let name: NameId = self.watch.name.id();
        let (_, before) = self.local.waits.get();
        let waited = self.local.renew_waits().saturating_sub(before);
        let held = Duration::from_nanos(took).saturating_sub(waited);
        let is_long = held >= Duration::from_nanos(self.watch.threshold);
        if let Some((name, _)) = name.entry() {
            reports::ended(&self.local.thread, self.begun, &name, held, is_long);
        }
    }
}

/// The calling thread, as it sees itself.
struct Local {
    thread: Arc<PollingThread>,
    /// When this was read, and how long the thread had waited by then, for a core or because the
    /// process was stopped. What it has waited since is no less than what it has waited in a poll
    /// that began later.
    waits: Cell<(u64, Duration)>,
}

thread_local! {
    static LOCAL: OnceCell<Rc<Local>> = const { OnceCell::new() };
}

impl Local {
    /// Returns that of the calling thread, unless the thread is ending.
    #[inline]
    fn get() -> Option<Rc<Self>> {
        LOCAL.try_with(|local| Rc::clone(local.get_or_init(|| Self::new(None)))).ok()
    }

    fn new(number: Option<usize>) -> Rc<Self> {
        let thread = PollingThread::register(number);
        Rc::new(Self { thread, waits: Cell::new((0, Duration::ZERO)) })
    }

    /// Asks how long the thread has waited, as far as that is known.
    #[cold]
    fn renew_waits(&self) -> Duration {
        let now = now();
        let waited = self.thread.id.core_time().unwrap_or_default().waited;
        let waited = waited + Watcher::get().stopped(now);
        self.waits.set((now, waited));
        waited
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        self.thread.unregister();
    }
}

/// Makes the calling thread the event loop of a server with this number.
#[cfg(feature = "server")]
pub(crate) fn register_loop(number: usize) -> Arc<PollingThread> {
    LOCAL.with(|local| Arc::clone(&local.get_or_init(|| Local::new(Some(number))).thread))
}
