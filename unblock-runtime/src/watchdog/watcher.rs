//! The watcher: one thread for the process, which looks at the threads that poll while any of them
//! is active, and reports polls that are long before they end.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread::{self, Builder};
use std::time::Duration;

use super::activity;
use super::arming::Arming;
use super::polling_thread::{self, PollingThread, now};
use super::{DEFAULT_THRESHOLD, reports};
use crate::clock;
use crate::process::Process;
use crate::spawner;
use crate::unwind;
use crate::workers::os_thread::{CoreTime, ThreadState};

/// The shortest time between two looks.
const MIN_PERIOD: Duration = Duration::from_millis(1);
/// The number of looks in a row that find all threads asleep, before the watcher sleeps. A thread
/// that sleeps for a moment need not wake it again.
const QUIET_LOOKS: u32 = 4;

pub(super) struct Watcher {
    arming: Arming,
    /// The time between two looks in nanoseconds: half of the shortest time from which any poll is
    /// long.
    period: AtomicU64,
    /// When the watcher's present round began, which is a sleep and a look, or 0 while it is
    /// disarmed.
    round: AtomicU64,
    /// For how long the rounds took longer than they should, in nanoseconds.
    overslept: AtomicU64,
    /// The process in which the thread was started.
    started: Mutex<Option<Process>>,
}

/// What a look saw of a thread.
#[derive(Default)]
pub(super) struct Seen {
    activity: u64,
    /// The poll that was in progress, when it was seen first, and the times by then.
    begun: u64,
    at: u64,
    times: Option<CoreTime>,
    stopped: Duration,
}

impl Watcher {
    #[inline]
    pub(super) fn get() -> &'static Self {
        static WATCHER: LazyLock<Watcher> = LazyLock::new(|| Watcher {
            arming: Arming::new(),
            period: AtomicU64::new(half(DEFAULT_THRESHOLD)),
            round: AtomicU64::new(0),
            overslept: AtomicU64::new(0),
            started: Mutex::new(None),
        });
        &WATCHER
    }

    /// Has it look twice within this time, if it does not yet.
    pub(super) fn look_within(&self, threshold: Duration) {
        let period = half(threshold);
        if period < self.period() {
            self.period.fetch_min(period, Ordering::Relaxed);
        }
    }

    /// Starts the thread if this process has none. If the system refuses one, the next thread that
    /// is registered tries again. Until then long polls are reported when they have ended.
    pub(super) fn start(&'static self) {
        let mut started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        let process = Process::current();
        if *started == Some(process) {
            return;
        }
        let thread = Builder::new().name("unblock-watcher".into());
        match spawner::run(|| thread.spawn(|| self.run())).flatten() {
            Ok(_) => *started = Some(process),
            Err(error) => unwind::log(|| {
                tracing::warn!(%error, "the watchdog's thread could not be started");
            }),
        }
    }

    fn run(&self) {
        self.arming.set_thread();
        let mut quiet = 0;
        loop {
            self.arming.wait();
            // If it was armed by itself, nobody has noted the time.
            let now = now();
            let _ = self.round.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
            thread::sleep(Duration::from_nanos(self.period()));
            let mut was_active = false;
            for thread in polling_thread::all() {
                was_active |= look(&thread);
            }
            self.end_round();
            quiet = if was_active { 0 } else { quiet + 1 };
            if quiet >= QUIET_LOOKS {
                self.round.store(0, Ordering::Relaxed);
                self.arming.disarm(polling_thread::is_any_active);
                quiet = 0;
            }
        }
    }

    /// Wakes the watcher unless it looks already. The calling thread has noted that it is active.
    #[inline]
    pub(super) fn arm(&self, now: u64) {
        if self.arming.arm() {
            self.round.store(now, Ordering::Relaxed);
        }
    }

    fn end_round(&self) {
        let now = now();
        let late = lateness(self.round.load(Ordering::Relaxed), self.period(), now);
        self.overslept.fetch_add(late, Ordering::Relaxed);
        // A reader between the two counts twice what it is to subtract, which is no false alarm.
        self.round.store(now, Ordering::Release);
    }

    /// Returns for how long the process, or the whole machine, was stopped while the watcher was
    /// armed: by a debugger, a signal, the freezer of a container. Then the watcher oversleeps. So
    /// it does when it waits for a core itself.
    pub(super) fn stopped(&self, now: u64) -> Duration {
        let since = self.round.load(Ordering::Acquire);
        let late = if since == 0 { 0 } else { lateness(since, self.period(), now) };
        Duration::from_nanos(self.overslept.load(Ordering::Relaxed) + late)
    }

    fn period(&self) -> u64 {
        self.period.load(Ordering::Relaxed)
    }
}

/// Returns for how long a round since `before` has lasted beyond its time. Timers are late by a
/// bit.
fn lateness(before: u64, period: u64, now: u64) -> u64 {
    let late = now.saturating_sub(before).saturating_sub(period);
    if late > period / 4 { late } else { 0 }
}

fn half(threshold: Duration) -> u64 {
    clock::nanos((threshold / 2).max(MIN_PERIOD))
}

/// Looks at a thread, and reports a poll that is long. Returns whether it was active since the last
/// look.
fn look(thread: &PollingThread) -> bool {
    let mut seen = thread.seen.lock().unwrap_or_else(PoisonError::into_inner);
    let now = now();
    let activity = thread.activity();
    let was_active = activity != seen.activity || thread.is_active();
    seen.activity = activity;
    thread.ask_for_lag(now);
    let Some(poll) = thread.poll() else { return was_active };
    if poll.begun != seen.begun {
        let (times, stopped) = (thread.id.core_time(), Watcher::get().stopped(now));
        *seen = Seen { activity, begun: poll.begun, at: now, times, stopped };
    } else if let Some((name, threshold)) = poll.name.entry() {
        let Stay { certain, waited, doing } = stay(thread, &seen, now);
        if certain >= Duration::from_nanos(threshold) {
            let age = Duration::from_nanos(now.saturating_sub(poll.begun));
            let held = age.saturating_sub(waited).max(certain);
            reports::still_held(thread, poll.begun, &name, held, doing);
        }
    }
    true
}

/// What a thread has done since a poll was seen first.
struct Stay {
    /// The time for which it certainly held its loop: it slept or computed.
    certain: Duration,
    /// The time for which it waited for a core, or because the process was stopped.
    waited: Duration,
    doing: Option<String>,
}

/// A thread that waits for a core now is awake, and the kernel counts that wait when it is over. So
/// of a thread that is awake only the time counts for which it computed.
fn stay(thread: &PollingThread, seen: &Seen, now: u64) -> Stay {
    let time = Duration::from_nanos(now.saturating_sub(seen.at));
    let stopped = Watcher::get().stopped(now).saturating_sub(seen.stopped);
    let (Some(before), Some(after)) = (seen.times, thread.id.core_time()) else {
        return Stay { certain: time.saturating_sub(stopped), waited: stopped, doing: None };
    };
    let waited = after.waited.saturating_sub(before.waited) + stopped;
    let computing = || Some("computing".to_owned());
    match thread.id.state() {
        Some(ThreadState::Awake) => {
            let certain = after.ran.saturating_sub(before.ran);
            Stay { certain, waited, doing: computing() }
        }
        Some(ThreadState::Asleep) => {
            let doing = activity::of_sleeper(thread.id).or_else(computing);
            Stay { certain: time.saturating_sub(waited), waited, doing }
        }
        None => Stay { certain: time.saturating_sub(waited), waited, doing: None },
    }
}
