//! How many workers may run now: as few as keep every core busy, and one more whenever one of them goes to sleep.
//!
//! The model is the Linux kernel's concurrency-managed work queues (`Documentation/core-api/workqueue.rst`). A worker
//! needs a *token* to take jobs; there are `limit` of them, which is the pool's parallelism. The monitor takes the
//! token of a worker that the kernel shows asleep inside its job, and another worker gets it. The sleeper that comes
//! back gets its token again when the monitor sees it run; then there is one too many, and the next worker to finish
//! a job steps aside. Workers without a token wait on a bench, last in, first out, so that those at its bottom can
//! leave after `keep_alive`.
//!
//! A job that is known to sleep needs a thread and no token: a worker that begins one gives its token away at once, and if
//! all tokens are out, the monitor sends workers from the bench without one. All but `parallelism` threads may serve these
//! *naps*; the rest takes what computes first, and what sleeps when there is nothing else.
//!
//! # The invariants
//!
//! - `active` is never less than the number of seats whose standing is `CALLED` or `ON`: it is raised before a seat says
//!   so, and lowered after it stopped saying so. `searching` is the number of workers with a token that look for work:
//!   between jobs, or woken and on their way.
//! - *If there is work in the queue, then somebody is searching, or all tokens are out with workers that will look
//!   again after their job, or the monitor is armed.* Each who gives up its search looks at the queue afterwards;
//!   each who adds work looks for a searcher afterwards (a sequentially consistent fence stands between the two
//!   halves on both sides), so one sees the other.
//! - A worker is on the bench before it gives its token back, so whoever takes that token finds it there.
//!
//! Who wins each race:
//!
//! - monitor against worker over a standing: the one whose compare-and-swap succeeds; the other sees the new value
//!   and adjusts nothing.
//! - two notifiers: one compare-and-swap on the counts adds the searcher, the other finds him.
//! - wake against `keep_alive`: the roster's lock. A seat that was taken from the bench is `CALLED` or `SENT` before the
//!   lock is released, so its worker cannot leave.
//! - wake against survey: none. A worker that is called and still asleep sleeps in no job; its token stays with it.

pub(crate) mod monitor;
pub(crate) mod os_thread;
pub(crate) mod profile;
mod registry;
mod slot;
pub(crate) mod worker;

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crossbeam_utils::CachePadded;

use self::registry::Roster;
use self::slot::{CALLED, NAP, OFF, ON, SENT};
pub(crate) use self::slot::{Errand, Seat};
use crate::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};
use crate::sync::{Mutex, thread};
use crate::workers::os_thread::ThreadId;

const ACTIVE: u64 = 1;
const SEARCHING: u64 = 1 << 32;

#[expect(clippy::cast_possible_truncation, reason = "the lower half is what is asked for")]
fn active(counts: u64) -> u32 {
    counts as u32
}

fn searching(counts: u64) -> u32 {
    (counts >> 32) as u32
}

pub(crate) struct Sizing {
    /// Read at every job and written when workers come and go, so nothing that is written often shares its cache line.
    counts: CachePadded<AtomicU64>,
    /// How many tokens there are: the parallelism, or more where time decides.
    limit: AtomicU32,
    parallelism: u32,
    max_threads: usize,
    keep_alive: Duration,
    roster: Mutex<Roster>,
    /// How many workers run a job without a token that they never had or have given away.
    napping: AtomicUsize,
    armed: AtomicBool,
    monitor: OnceLock<thread::Thread>,
}

/// How waiting on the bench ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    /// There is work to look for.
    Called(Errand),
    /// The worker's thread is to end; it is not a member any more.
    Leave,
}

/// What a survey of the workers found.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Survey {
    /// Workers with a token that run.
    pub(crate) running: usize,
    /// Workers that were found asleep, and whose tokens are free now.
    pub(crate) asleep: usize,
    /// Workers that were sent for what sleeps, and are not awake yet.
    pub(crate) sent: usize,
    /// The platform could not tell.
    pub(crate) unknown: usize,
    /// Of some kind of job it is known now that it sleeps, or that it does so no more.
    pub(crate) changed: bool,
    /// The scout was among them.
    pub(crate) scout_seen: bool,
}

/// What became of a call.
enum Given {
    Taken,
    NobodyThere,
}

impl Sizing {
    pub(crate) fn new(parallelism: u32, max_threads: usize, keep_alive: Duration) -> Self {
        Self {
            counts: CachePadded::new(AtomicU64::new(0)),
            limit: AtomicU32::new(parallelism),
            parallelism,
            max_threads,
            keep_alive,
            roster: Mutex::new(Roster::default()),
            // The monitor's first look disarms it: whoever arms it after that knows which thread to wake.
            armed: AtomicBool::new(true),
            napping: AtomicUsize::new(0),
            monitor: OnceLock::new(),
        }
    }

    /// Called after work was added: sees to it that somebody looks.
    pub(crate) fn notify(&self) {
        fence(Ordering::SeqCst);
        let mut counts = self.counts.load(Ordering::SeqCst);
        loop {
            if searching(counts) > 0 {
                return;
            }
            if active(counts) >= self.limit.load(Ordering::Relaxed) {
                return self.arm();
            }
            let more = counts + ACTIVE + SEARCHING;
            match self.counts.compare_exchange_weak(
                counts,
                more,
                Ordering::SeqCst,
                Ordering::SeqCst,
            ) {
                Err(now) => counts = now,
                Ok(_) => match self.summon(Errand::Any) {
                    Given::Taken => return,
                    // All are asleep in their jobs, or on their way to the bench: the monitor finds out.
                    Given::NobodyThere => {
                        self.counts.fetch_sub(ACTIVE + SEARCHING, Ordering::SeqCst);
                        return self.arm();
                    }
                },
            }
        }
    }

    /// A worker with a token found no job and looks on.
    pub(crate) fn search(&self) {
        self.counts.fetch_add(SEARCHING, Ordering::SeqCst);
    }

    /// A searching worker found a job. The last to find one wakes the next if there is more.
    pub(crate) fn found(&self, has_work: impl Fn() -> bool) {
        let before = self.counts.fetch_sub(SEARCHING, Ordering::SeqCst);
        if searching(before) == 1 {
            fence(Ordering::SeqCst);
            if has_work() {
                self.notify();
            }
        }
    }

    /// A worker begins a job that is known to sleep, or is a scout, or begins any job without a token: its token, if it has
    /// one, goes to another. False, and nothing has happened, when as many threads nap as may.
    pub(crate) fn nap(&self, seat: &Seat, has_work: impl Fn() -> bool) -> bool {
        let most = self.most_naps();
        let one_more = |napping| (napping < most).then_some(napping + 1);
        if self.napping.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_more).is_err() {
            return false;
        }
        if seat.change(ON, NAP) {
            self.counts.fetch_sub(ACTIVE, Ordering::SeqCst);
            fence(Ordering::SeqCst);
            if has_work() {
                self.notify();
            }
        }
        true
    }

    /// The job is over.
    pub(crate) fn end_nap(&self) {
        self.napping.fetch_sub(1, Ordering::SeqCst);
    }

    /// Whether no more workers have a token than may.
    pub(crate) fn has_no_surplus(&self) -> bool {
        active(self.counts.load(Ordering::SeqCst)) <= self.limit.load(Ordering::Relaxed)
    }

    /// How many more threads may serve what sleeps.
    pub(crate) fn room_for_naps(&self) -> usize {
        self.most_naps().saturating_sub(self.napping.load(Ordering::SeqCst))
    }

    fn most_naps(&self) -> usize {
        self.max_threads - self.parallelism as usize
    }

    /// Whether the worker may take another job after this one: any with its token, or without one one that sleeps. If
    /// not, it goes to the bench.
    pub(crate) fn may_go_on(&self, seat: &Seat, has_sleepers: impl Fn() -> bool) -> bool {
        if self.keeps_token(seat) {
            return true;
        }
        let nap = self.room_for_naps() > 0 && has_sleepers();
        if nap {
            seat.standing.store(NAP, Ordering::SeqCst);
        }
        nap
    }

    fn keeps_token(&self, seat: &Seat) -> bool {
        if seat.standing.load(Ordering::SeqCst) == ON {
            if active(self.counts.load(Ordering::SeqCst)) <= self.limit.load(Ordering::Relaxed) {
                return true;
            }
            if seat.change(ON, OFF) {
                let one_less = |counts| {
                    (active(counts) > self.limit.load(Ordering::Relaxed)).then(|| counts - ACTIVE)
                };
                if self.counts.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok() {
                    return false;
                }
                seat.standing.store(ON, Ordering::SeqCst);
                return true;
            }
        }
        if !seat.change(NAP, OFF) {
            // The monitor saw it run just now and gave the token back.
            return true;
        }
        let one_more =
            |counts| (active(counts) < self.limit.load(Ordering::Relaxed)).then(|| counts + ACTIVE);
        let regained =
            self.counts.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_more).is_ok();
        if regained {
            seat.standing.store(ON, Ordering::SeqCst);
        }
        regained
    }

    /// Waits on the bench until there is work for this worker, or until it is to leave. Blocks.
    pub(crate) fn sit(
        &self,
        seat: &Arc<Seat>,
        was_searching: bool,
        has_work: impl Fn() -> bool,
    ) -> Wait {
        let had_token = seat.standing.swap(OFF, Ordering::SeqCst) == ON;
        let give_back =
            if had_token { ACTIVE } else { 0 } + if was_searching { SEARCHING } else { 0 };
        let dismissed = {
            let mut roster = self.roster.lock();
            if roster.dismissed {
                roster.remove(seat);
            } else {
                roster.bench.push(Arc::clone(seat));
            }
            roster.dismissed
        };
        self.counts.fetch_sub(give_back, Ordering::SeqCst);
        if dismissed {
            return Wait::Leave;
        }
        fence(Ordering::SeqCst);
        if has_work() {
            self.notify();
        }
        let since = Instant::now();
        loop {
            if let Some(errand) = seat.answer_call() {
                return Wait::Called(errand);
            }
            {
                let mut roster = self.roster.lock();
                let surplus = roster.members.len() > self.parallelism as usize;
                if roster.dismissed || (surplus && since.elapsed() >= self.keep_alive) {
                    // Called meanwhile, it is not on the bench any more, and stays.
                    if roster.remove(seat) {
                        return Wait::Leave;
                    }
                    continue;
                }
                drop(roster);
                if surplus {
                    thread::park_timeout(self.keep_alive);
                } else {
                    thread::park();
                }
            }
        }
    }

    /// A seat for a thread that is about to be started; `None` when there are enough.
    pub(crate) fn hire(&self, errand: Errand) -> Option<Arc<Seat>> {
        let mut roster = self.roster.lock();
        if roster.dismissed || roster.members.len() >= self.max_threads {
            return None;
        }
        if errand == Errand::Any {
            self.counts.fetch_add(ACTIVE + SEARCHING, Ordering::SeqCst);
        }
        let seat = Arc::new(Seat::new(roster.hired, errand));
        roster.hired += 1;
        roster.members.push(Arc::clone(&seat));
        Some(seat)
    }

    /// The thread for a hired seat could not be started.
    pub(crate) fn unhire(&self, seat: &Arc<Seat>) {
        let had_token = seat.standing.swap(OFF, Ordering::SeqCst) == CALLED;
        self.roster.lock().remove(seat);
        if had_token {
            self.counts.fetch_sub(ACTIVE + SEARCHING, Ordering::SeqCst);
        }
    }

    /// Looks at the workers: takes the tokens of those asleep, and gives those that run again theirs back.
    pub(crate) fn survey(&self, is_asleep: impl Fn(ThreadId) -> Option<bool>) -> Survey {
        let mut survey = Survey::default();
        let seats = self.roster.lock().next_look();
        for seat in seats {
            let standing = seat.standing.load(Ordering::SeqCst);
            if standing == SENT {
                survey.sent += 1;
                continue;
            }
            let Some(&id) = seat.id.get() else { continue };
            if standing == CALLED {
                survey.running += 1;
                continue;
            }
            let Some(asleep) = is_asleep(id) else {
                survey.unknown += 1;
                continue;
            };
            survey.changed |= seat.kind().is_some_and(|kind| kind.habit().saw(asleep));
            survey.scout_seen |= seat.see_scout();
            match (standing, asleep) {
                (ON, true) if seat.change(ON, NAP) => {
                    self.counts.fetch_sub(ACTIVE, Ordering::SeqCst);
                    survey.asleep += 1;
                }
                (NAP, false) => {
                    self.counts.fetch_add(ACTIVE, Ordering::SeqCst);
                    if seat.change(NAP, ON) {
                        survey.running += 1;
                    } else {
                        self.counts.fetch_sub(ACTIVE, Ordering::SeqCst);
                    }
                }
                (ON, _) => survey.running += 1,
                _ => {}
            }
        }
        survey
    }

    /// Calls workers from the bench for so many jobs that sleep; they need no token. Returns for how many of them
    /// nobody was there.
    pub(crate) fn send(&self, jobs: usize) -> usize {
        (0..jobs)
            .find(|_| matches!(self.summon(Errand::Sleeper), Given::NobodyThere))
            .map_or(0, |sent| jobs - sent)
    }

    /// Gives out tokens to workers on the bench until `target` are out; at most `jobs` of them. Returns how many
    /// more it would have given had there been somebody on the bench.
    pub(crate) fn call(&self, target: u32, jobs: usize) -> usize {
        for given in 0..jobs {
            let one_more = |counts| (active(counts) < target).then(|| counts + ACTIVE + SEARCHING);
            if self.counts.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_more).is_err() {
                return 0;
            }
            if let Given::NobodyThere = self.summon(Errand::Any) {
                let before = self.counts.fetch_sub(ACTIVE + SEARCHING, Ordering::SeqCst);
                return (jobs - given)
                    .min(target.saturating_sub(active(before).saturating_sub(1)) as usize);
            }
        }
        0
    }

    pub(crate) fn parallelism(&self) -> u32 {
        self.parallelism
    }

    /// How many workers look for work, or are on their way to.
    pub(crate) fn searching(&self) -> usize {
        searching(self.counts.load(Ordering::SeqCst)) as usize
    }

    pub(crate) fn max_threads(&self) -> usize {
        self.max_threads
    }

    pub(crate) fn set_limit(&self, limit: u32) {
        self.limit.store(limit, Ordering::Relaxed);
    }

    pub(crate) fn threads(&self) -> usize {
        self.roster.lock().members.len()
    }

    pub(crate) fn idle(&self) -> usize {
        self.roster.lock().bench.len()
    }

    /// Sends all workers home as they come to the bench, and the monitor too.
    pub(crate) fn dismiss(&self) {
        let bench = {
            let mut roster = self.roster.lock();
            roster.dismissed = true;
            roster.bench.clone()
        };
        for seat in bench {
            seat.wake();
        }
        self.wake_monitor();
    }

    pub(crate) fn is_dismissed(&self) -> bool {
        self.roster.lock().dismissed
    }

    /// Makes the calling thread the monitor.
    pub(crate) fn watch(&self) {
        let _ = self.monitor.set(thread::current());
    }

    pub(crate) fn is_armed(&self) -> bool {
        self.armed.load(Ordering::SeqCst)
    }

    /// The monitor goes to sleep, unless there is work after all.
    pub(crate) fn disarm(&self, has_work: impl Fn() -> bool) {
        self.armed.store(false, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        if has_work() {
            self.armed.store(true, Ordering::SeqCst);
        }
    }

    /// Work waits and nobody may take it: from now on the monitor looks.
    fn arm(&self) {
        if !self.armed.load(Ordering::SeqCst) && !self.armed.swap(true, Ordering::SeqCst) {
            self.wake_monitor();
        }
    }

    fn wake_monitor(&self) {
        if let Some(monitor) = self.monitor.get() {
            monitor.unpark();
        }
    }

    /// Calls the last who came to the bench. A token that he gets is counted already.
    fn summon(&self, errand: Errand) -> Given {
        let seat = {
            let mut roster = self.roster.lock();
            let Some(seat) = roster.bench.pop() else { return Given::NobodyThere };
            seat.standing.store(errand.standing(), Ordering::SeqCst);
            seat
        };
        seat.wake();
        Given::Taken
    }
}

#[cfg(all(test, loom))]
mod model;
