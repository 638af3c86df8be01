//! The workers of a pool: how many may run now, which of them is woken, and when one leaves.
//!
//! The model is the Linux kernel's concurrency-managed work queues
//! (`Documentation/core-api/workqueue.rst`): as few workers run as keep every core busy, and one
//! more whenever one of them goes to sleep. `README.md` beside this file has the states, the
//! protocol and the reasons why no wake-up is lost.
//!
//! - `worker`: the thread that takes a job, runs it, and looks for the next.
//! - `permits`: how many workers may compute. `slot`: the state of one worker. `registry`: all
//!   workers, and the stack of idle ones.
//! - `monitor`: the thread that samples the workers while work waits and no worker may take it. Its
//!   `growth` decides how many workers run.
//! - `profile`: whether jobs of one type block.
//! - `thread_hooks`: functions of the user that threads call when they start and end.
//! - `os_thread`, `niceness`: threads as the operating system sees them.

pub(crate) mod monitor;
pub(crate) mod niceness;
pub(crate) mod os_thread;
mod permits;
pub(crate) mod profile;
mod registry;
mod slot;
pub(crate) mod thread_hooks;
pub(crate) mod worker;

use std::sync::Arc;
use std::time::{Duration, Instant};

use self::monitor::trigger::Trigger;
use self::permits::{Acquired, Counts, Permits};
use self::registry::Registry;
use self::slot::WorkerState;
pub(crate) use self::slot::{WakeFor, WorkerSlot};
use crate::pool::PoolSize;
use crate::stats::WorkerStats;
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use crate::sync::{Mutex, MutexGuard, thread};

pub(crate) struct Workers {
    permits: Permits,
    max_threads: AtomicUsize,
    keep_alive: Duration,
    registry: Mutex<Registry>,
    /// The number of workers that began a job as a blocking one. Workers whose permit the monitor
    /// has taken in the middle of a job do not count.
    in_blocking: AtomicUsize,
    /// The number of workers that were asleep in a job which they did not begin as a blocking one,
    /// at the last sample of a watch.
    asleep: AtomicUsize,
    /// True while no worker beyond those may begin a blocking job, so that there are threads for
    /// computing ones.
    keeps_threads: AtomicBool,
    /// Set when there may be more threads than there should be.
    has_surplus: AtomicBool,
    trigger: Trigger,
}

/// The end of a worker's time on the idle stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unparked {
    /// The worker is to look for work.
    Woken(WakeFor),
    /// The worker is to end its thread. It is not registered any more.
    Leave,
}

/// Whether there was an idle worker to wake.
enum Woken {
    One,
    NoneIdle,
}

impl Workers {
    pub(crate) fn new(size: PoolSize, keep_alive: Duration) -> Self {
        Self {
            permits: Permits::new(size.parallelism),
            max_threads: AtomicUsize::new(size.max_threads),
            keep_alive,
            registry: Mutex::new(Registry::default()),
            in_blocking: AtomicUsize::new(0),
            asleep: AtomicUsize::new(0),
            keeps_threads: AtomicBool::new(size.can_spare_threads()),
            has_surplus: AtomicBool::new(false),
            trigger: Trigger::new(),
        }
    }

    /// Wakes a worker for work that was added, unless one searches already. If all permits are out,
    /// the monitor is armed. Returns true if a thread was woken.
    pub(crate) fn notify(&self) -> bool {
        fence(Ordering::SeqCst);
        match self.permits.acquire_for_first_searcher() {
            Acquired::SomebodySearches => false,
            Acquired::NoneLeft => self.trigger.arm(),
            Acquired::Permit => {
                if let Woken::One = self.unpark_one(WakeFor::AnyJob) {
                    return true;
                }
                // All workers are asleep in their jobs, or on their way to the idle stack. The
                // monitor finds out which.
                self.permits.give_back(Counts::PERMIT + Counts::SEARCHER);
                self.trigger.arm()
            }
        }
    }

    /// Notes that a worker with a permit found no job and searches on.
    pub(crate) fn begin_search(&self) {
        self.permits.add(Counts::SEARCHER);
    }

    /// Notes that a searching worker found a job. The last searcher wakes another worker if there
    /// is more work.
    pub(crate) fn end_search(&self, has_work: impl Fn() -> bool) {
        let before = self.permits.give_back(Counts::SEARCHER);
        if before.searchers() == 1 {
            fence(Ordering::SeqCst);
            if has_work() {
                self.notify();
            }
        }
    }

    /// Counts a worker as one that runs a blocking job, unless as many are as may.
    fn try_count_blocking(&self) -> bool {
        let max = self.max_blocking();
        let one_more = |blocking| (blocking < max).then_some(blocking + 1);
        let seq = Ordering::SeqCst;
        self.in_blocking.fetch_update(seq, seq, one_more).is_ok()
    }

    /// Gives the worker's permit, if it has one, to another worker.
    fn lend_permit(&self, slot: &WorkerSlot, has_work: impl Fn() -> bool) {
        if slot.state.change(WorkerState::Running, WorkerState::Blocked) {
            self.permits.give_back(Counts::PERMIT);
            fence(Ordering::SeqCst);
            if has_work() {
                self.notify();
            }
        }
    }

    /// Ends a blocking job. The worker looks for another afterwards, or notifies.
    pub(crate) fn leave_blocking(&self) {
        self.in_blocking.fetch_sub(1, Ordering::SeqCst);
    }

    /// Returns how many more workers may run blocking jobs.
    pub(crate) fn blocking_slots_left(&self) -> usize {
        self.max_blocking().saturating_sub(self.in_blocking.load(Ordering::SeqCst))
    }

    /// At most this number of workers run blocking jobs at a time, and the others take computing
    /// jobs first. Where threads are kept, each worker that sleeps counts.
    fn max_blocking(&self) -> usize {
        let most = self.size().max_blocking();
        if self.keeps_threads() {
            most.saturating_sub(self.asleep.load(Ordering::Relaxed))
        } else {
            most
        }
    }

    /// Returns true while threads are kept for computing jobs.
    fn keeps_threads(&self) -> bool {
        self.keeps_threads.load(Ordering::Relaxed)
    }

    /// Returns true if a worker with a permit may take a blocking job when no computing one waits.
    pub(crate) fn may_begin_blocking(&self) -> bool {
        !self.keeps_threads() || self.blocking_slots_left() > 0
    }

    /// Sets how many workers are asleep in a job which they did not begin as a blocking one.
    fn set_asleep(&self, workers: usize) {
        self.asleep.store(workers, Ordering::Relaxed);
    }

    /// Sets whether threads are kept for computing jobs.
    fn set_keeps_threads(&self, keeps: bool) {
        self.keeps_threads.store(keeps, Ordering::Relaxed);
    }

    /// Returns true if the worker may take another job: any job if it holds a permit, otherwise
    /// only a blocking one. If not, it is to [`park`](Self::park).
    pub(crate) fn may_continue(&self, slot: &WorkerSlot, has_blocking: impl Fn() -> bool) -> bool {
        if self.settle_permit(slot) {
            return true;
        }
        let may_block = self.blocking_slots_left() > 0 && has_blocking();
        if may_block {
            slot.state.set(WorkerState::Blocked);
        }
        may_block
    }

    /// Returns true if the worker has a permit after its job. It gives the permit back if too many
    /// are out, and gets one again if its own was taken and there is one.
    fn settle_permit(&self, slot: &WorkerSlot) -> bool {
        if slot.state.get() == WorkerState::Running {
            if !self.permits.are_oversubscribed() {
                return true;
            }
            if slot.state.change(WorkerState::Running, WorkerState::Idle) {
                if self.permits.give_back_surplus() {
                    return false;
                }
                slot.state.set(WorkerState::Running);
                return true;
            }
        }
        if !slot.state.change(WorkerState::Blocked, WorkerState::Idle) {
            // The monitor has seen the worker awake meanwhile, and has given it a permit.
            return true;
        }
        let regained = self.permits.try_acquire();
        if regained {
            slot.state.set(WorkerState::Running);
        }
        regained
    }

    /// Gives a blocked worker a permit if there is one left. If not, the worker goes on without,
    /// and gets one from the monitor if work waits.
    pub(crate) fn try_regain_permit(&self, slot: &WorkerSlot) {
        if self.permits.try_acquire()
            && !slot.state.change(WorkerState::Blocked, WorkerState::Running)
        {
            // The monitor has seen the worker awake meanwhile, and has given it a permit.
            self.permits.give_back(Counts::PERMIT);
        }
    }

    /// Waits on the idle stack until there is work for this worker, or until it is to leave.
    /// Blocks. `searching` is [`Counts::SEARCHER`] if the worker was counted as a searcher.
    fn park(
        &self,
        slot: &Arc<WorkerSlot>,
        searching: Counts,
        has_work: impl Fn() -> bool,
    ) -> Unparked {
        let had_permit = slot.state.replace(WorkerState::Idle) == WorkerState::Running;
        let permit = if had_permit { Counts::PERMIT } else { Counts::NONE };
        let dismissed = {
            let mut registry = self.registry.lock();
            if registry.dismissed {
                registry.remove(slot);
            } else {
                registry.idle.push(Arc::clone(slot));
            }
            registry.dismissed
        };
        self.permits.give_back(permit + searching);
        if dismissed {
            return Unparked::Leave;
        }
        fence(Ordering::SeqCst);
        if has_work() {
            self.notify();
        }
        let since = Instant::now();
        loop {
            if let Some(wake_for) = slot.take_wake() {
                return Unparked::Woken(wake_for);
            }
            {
                let mut registry = self.registry.lock();
                let surplus = registry.workers.len() > self.parallelism() as usize;
                let leaves = registry.workers.len() > self.max_threads()
                    || (surplus && since.elapsed() >= self.keep_alive);
                if registry.dismissed || leaves {
                    // A worker that was woken meanwhile is not idle any more, and stays.
                    if registry.remove(slot) {
                        return Unparked::Leave;
                    }
                    continue;
                }
                drop(registry);
                if surplus {
                    thread::park_timeout(self.keep_alive);
                } else {
                    thread::park();
                }
            }
        }
    }

    /// Unregisters the worker of the calling thread, which is about to end. `searching` is
    /// [`Counts::SEARCHER`] if it was counted as a searcher.
    fn retire(&self, slot: &Arc<WorkerSlot>, searching: Counts, has_work: impl Fn() -> bool) {
        self.unregister_running(self.registry.lock(), slot, searching, has_work);
    }

    /// Does the same, and returns true, if there are more workers than there may be.
    fn retire_surplus(
        &self,
        slot: &Arc<WorkerSlot>,
        searching: Counts,
        has_work: impl Fn() -> bool,
    ) -> bool {
        if !self.has_surplus.load(Ordering::Relaxed) {
            return false;
        }
        let registry = self.registry.lock();
        if registry.workers.len() <= self.max_threads() {
            self.has_surplus.store(false, Ordering::Relaxed);
            return false;
        }
        self.unregister_running(registry, slot, searching, has_work);
        true
    }

    fn unregister_running(
        &self,
        mut registry: MutexGuard<'_, Registry>,
        slot: &Arc<WorkerSlot>,
        searching: Counts,
        has_work: impl Fn() -> bool,
    ) {
        let had_permit = slot.state.replace(WorkerState::Idle) == WorkerState::Running;
        let permit = if had_permit { Counts::PERMIT } else { Counts::NONE };
        registry.remove(slot);
        drop(registry);
        self.permits.give_back(permit + searching);
        fence(Ordering::SeqCst);
        if has_work() {
            self.notify();
        }
    }

    /// Registers a worker whose thread is about to be started. Returns `None` if there are enough.
    pub(crate) fn register(&self, wake_for: WakeFor) -> Option<Arc<WorkerSlot>> {
        let mut registry = self.registry.lock();
        if registry.dismissed || registry.workers.len() >= self.max_threads() {
            return None;
        }
        if wake_for == WakeFor::AnyJob {
            self.permits.add(Counts::PERMIT + Counts::SEARCHER);
        }
        let slot = Arc::new(WorkerSlot::new(registry.registered, wake_for));
        registry.registered += 1;
        registry.workers.push(Arc::clone(&slot));
        Some(slot)
    }

    /// Unregisters a worker whose thread could not be started.
    pub(crate) fn unregister(&self, slot: &Arc<WorkerSlot>) {
        let before = slot.state.replace(WorkerState::Idle);
        self.registry.lock().remove(slot);
        if before == WorkerState::WakingToRun {
            self.permits.give_back(Counts::PERMIT + Counts::SEARCHER);
        }
    }

    /// Wakes idle workers for this number of blocking jobs. Returns for how many of the jobs there
    /// was none.
    pub(crate) fn wake_for_blocking(&self, jobs: usize) -> usize {
        (0..jobs)
            .find(|_| matches!(self.unpark_one(WakeFor::BlockingJob), Woken::NoneIdle))
            .map_or(0, |woken| jobs - woken)
    }

    /// Gives permits to idle workers until `target` are out, and at most `jobs` of them. Returns
    /// how many further workers would have to be started.
    pub(crate) fn wake_for_permit(&self, target: u32, jobs: usize) -> usize {
        for given in 0..jobs {
            if !self.permits.try_acquire_for_searcher(target) {
                return 0;
            }
            if let Woken::NoneIdle = self.unpark_one(WakeFor::AnyJob) {
                let before = self.permits.give_back(Counts::PERMIT + Counts::SEARCHER);
                let missing = target.saturating_sub(before.permits().saturating_sub(1));
                return (jobs - given).min(missing as usize);
            }
        }
        0
    }

    /// Wakes the worker that came to the idle stack last. Its permit is counted already.
    fn unpark_one(&self, wake_for: WakeFor) -> Woken {
        let slot = {
            let mut registry = self.registry.lock();
            let Some(slot) = registry.idle.pop() else { return Woken::NoneIdle };
            slot.state.set(wake_for.state());
            slot
        };
        slot.unpark();
        Woken::One
    }

    /// Returns true if more permits are out than the limit allows.
    pub(crate) fn are_oversubscribed(&self) -> bool {
        self.permits.are_oversubscribed()
    }

    /// Returns the number of workers that look for work, or are on their way to.
    pub(crate) fn searching(&self) -> usize {
        self.permits.counts().searchers() as usize
    }

    /// Sets how many permits there are beyond the parallelism.
    fn set_extra_permits(&self, extra: u32) {
        self.permits.set_extra(extra);
    }

    /// Changes how many permits and threads there may be. Workers that are too many leave when they
    /// have ended their jobs.
    pub(crate) fn resize(&self, size: PoolSize) {
        self.permits.set_parallelism(size.parallelism);
        self.max_threads.store(size.max_threads, Ordering::Relaxed);
        self.set_keeps_threads(size.can_spare_threads());
        let idle = {
            let registry = self.registry.lock();
            let has_surplus = registry.workers.len() > size.max_threads;
            self.has_surplus.store(has_surplus, Ordering::Relaxed);
            if has_surplus { registry.idle.clone() } else { Vec::new() }
        };
        for slot in idle {
            slot.unpark();
        }
        self.notify();
    }

    pub(crate) fn size(&self) -> PoolSize {
        PoolSize { parallelism: self.parallelism(), max_threads: self.max_threads() }
    }

    pub(crate) fn parallelism(&self) -> u32 {
        self.permits.parallelism()
    }

    pub(crate) fn max_threads(&self) -> usize {
        self.max_threads.load(Ordering::Relaxed)
    }

    pub(crate) fn threads(&self) -> usize {
        self.registry.lock().workers.len()
    }

    pub(crate) fn idle(&self) -> usize {
        self.registry.lock().idle.len()
    }

    /// Returns what each worker of the pool with this name does now.
    pub(crate) fn read(&self, pool: &str) -> Vec<WorkerStats> {
        // The kernel is asked without the lock.
        let slots = self.registry.lock().workers.clone();
        slots.iter().map(|slot| slot.read(pool)).collect()
    }

    /// Ends the pool's threads: the workers as they become idle, and the monitor.
    pub(crate) fn dismiss(&self) {
        let idle = {
            let mut registry = self.registry.lock();
            registry.dismissed = true;
            registry.idle.clone()
        };
        for slot in idle {
            slot.unpark();
        }
        self.trigger.wake();
    }

    pub(crate) fn is_dismissed(&self) -> bool {
        self.registry.lock().dismissed
    }
}

#[cfg(all(test, loom))]
mod model;
