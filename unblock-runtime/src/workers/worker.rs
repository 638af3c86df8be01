//! A worker: a thread that takes a job, runs it, completes it, and looks for the next.

use std::cell::OnceCell;
use std::io;
use std::mem;
use std::sync::Arc;

use super::os_thread::{self, ThreadState};
use super::permits::Counts;
use super::profile::{Learned, MAX_UNPERMITTED};
use super::{Unparked, WakeFor, WorkerSlot, Workers};
use crate::clock::{self, nanos};
use crate::job::{Run, context};
use crate::pool::Shared;
use crate::queue::{Behavior, LaneKind};
use crate::unwind;

/// The number of times that a worker without work polls the queue before it parks.
///
/// Waking a thread costs more than a short round trip takes. Between two polls the worker spins,
/// because each poll takes a cache line from the submitter, and sometimes it yields its core. So
/// polling costs a busy machine nothing, and an idle one some 20 µs after each burst. The idea is
/// affinitypool's. The bench `round_trip` chose these numbers: with 1 caller, a round trip without
/// polls takes twice as long.
const POLLS: u32 = 16;
/// The number of spins between two polls, about 1.4 µs.
const SPINS: u32 = 32;
/// The worker yields its core after this number of polls.
const POLLS_PER_YIELD: u32 = 2;

/// Starts a worker if the pool may have another. Returns false if it has as many as it may.
///
/// # Errors
///
/// The system's, if it gives no thread. Nothing has changed then.
pub(crate) fn spawn(pool: &Arc<Shared>, wake_for: WakeFor) -> io::Result<bool> {
    let Some(slot) = pool.workers.register(wake_for) else { return Ok(false) };
    let (shared, occupied) = (Arc::clone(pool), Arc::clone(&slot));
    let run = move || shared.thread_hooks.around(|| run(&shared, &occupied));
    match pool.spawn_thread(slot.number(), pool.stack_size, run) {
        Ok(()) => Ok(true),
        Err(error) => {
            pool.workers.unregister(&slot);
            Err(error)
        }
    }
}

thread_local! {
    /// The worker of this thread, and its pool.
    static WORKER: OnceCell<(Arc<Shared>, Arc<WorkerSlot>)> = const { OnceCell::new() };
}

/// Runs `f`, which blocks, as a part of the job on this thread. If the worker has a permit, another
/// worker gets it meanwhile.
pub(crate) fn block_in_place<T>(f: impl FnOnce() -> T) -> T {
    struct Leave<'a>(&'a Shared, &'a WorkerSlot, Option<InBlocking<'a>>);
    impl Drop for Leave<'_> {
        fn drop(&mut self) {
            drop(self.2.take());
            self.0.workers.try_regain_permit(self.1);
            // The worker goes on with its job, so another one takes what waits for its thread.
            if self.0.has_work() {
                self.0.workers.notify();
            }
        }
    }
    // There is no worker while the thread's locals are destroyed.
    let worker = WORKER.try_with(|worker| worker.get().cloned()).ok().flatten();
    let _leave = worker.as_ref().and_then(|(pool, slot)| {
        let counted = slot.has_permit().then(|| InBlocking::begin(&pool.workers)).flatten()?;
        pool.workers.lend_permit(slot, || pool.has_work());
        Some(Leave(pool, slot, Some(counted)))
    });
    f()
}

/// Runs jobs on this thread until the worker is to leave.
fn run(pool: &Arc<Shared>, slot: &Arc<WorkerSlot>) {
    WORKER.with(|worker| drop(worker.set((Arc::clone(pool), Arc::clone(slot)))));
    let mut searching = slot.occupy() == Some(WakeFor::AnyJob);
    let mut is_nice = false;
    // When the last job ended, if the next one follows at once: reading the clock is not free.
    let mut ended = None;
    let has_work = || pool.has_work();
    loop {
        let counted = Counts::of_searcher(searching);
        if pool.workers.retire_surplus(slot, counted, has_work) {
            return;
        }
        let is_suspended = pool.niceness.is_suspended();
        if is_nice && is_suspended {
            return pool.workers.retire(slot, counted, has_work);
        }
        if !is_nice && !is_suspended {
            pool.niceness.apply(&pool.name);
            is_nice = true;
        }
        let has_permit = slot.has_permit();
        let now = ended.take();
        if let Some(next) = next_job(pool, has_permit) {
            if mem::take(&mut searching) {
                pool.workers.end_search(has_work);
            }
            let last_end = run_in_turn(next, pool, slot, now);
            if pool.workers.may_continue(slot, || pool.queue.has_blocking()) {
                ended = last_end;
                continue;
            }
        } else if has_permit {
            if !searching {
                pool.workers.begin_search();
                searching = true;
            }
            if poll(has_work) {
                continue;
            }
        }
        let counted = Counts::of_searcher(searching);
        match pool.workers.park(slot, counted, has_work) {
            Unparked::Woken(wake_for) => {
                searching = wake_for == WakeFor::AnyJob;
                pool.workers.trigger.note_activity();
            }
            Unparked::Leave => return,
        }
    }
}

/// A job that a worker has taken out of a lane.
struct Next<'a> {
    job: Arc<dyn Run>,
    lane: LaneKind,
    /// There if the worker counts as one that runs a blocking job.
    blocking: Option<InBlocking<'a>>,
}

/// Counts a worker as one that runs a blocking job, until it is dropped.
struct InBlocking<'a>(&'a Workers);

impl<'a> InBlocking<'a> {
    fn begin(workers: &'a Workers) -> Option<Self> {
        workers.try_count_blocking().then(|| Self(workers))
    }
}

impl Drop for InBlocking<'_> {
    fn drop(&mut self) {
        self.0.leave_blocking();
    }
}

/// Takes the next job that this worker may run.
fn next_job(pool: &Shared, has_permit: bool) -> Option<Next<'_>> {
    let (queue, workers) = (&pool.queue, &pool.workers);
    // The worker is counted before it takes the job, so that threads that are kept stay free.
    if queue.has_blocking()
        && let Some(counted) = InBlocking::begin(workers)
        && let Some(job) = queue.pop_blocking()
    {
        return Some(Next { job, lane: LaneKind::Blocking, blocking: Some(counted) });
    }
    if !has_permit {
        return None;
    }
    if let Some(job) = queue.pop_computing() {
        return Some(Next { job, lane: LaneKind::Computing, blocking: None });
    }
    if workers.may_begin_blocking() {
        let next = |job| Next { job, lane: LaneKind::Blocking, blocking: None };
        return queue.pop_blocking().map(next);
    }
    if queue.has_blocking() {
        // The monitor decides for how long threads are kept.
        workers.trigger.arm();
    }
    None
}

/// Runs a job in its turn, and those that waited for its end. `now` is the time, if it is known.
/// Returns when the last of them ended, if that is known.
fn run_in_turn(next: Next<'_>, pool: &Shared, slot: &WorkerSlot, now: Option<u64>) -> Option<u64> {
    let Next { job, lane, mut blocking } = next;
    let mut ended = now;
    pool.run_in_turn(job, |job| {
        ended = run_job(Next { job, lane, blocking: blocking.take() }, pool, slot, ended);
    });
    ended
}

/// Runs a job, without a permit if it is expected to block.
fn run_job(next: Next<'_>, pool: &Shared, slot: &WorkerSlot, now: Option<u64>) -> Option<u64> {
    let Next { job, lane, blocking } = next;
    // A panic of the job is its outcome. This catches those of destructors of a user's values.
    let now = now.unwrap_or_else(clock::now);
    let mut ended = None;
    let mut run = |job| {
        unwind::contain("dropping a job's value or what it had captured", || {
            ended = Some(context::run(job, now));
        });
    };
    let profile = job.header().job_type.profile();
    slot.begin(&*job, now);
    let blocking = blocking.or_else(|| {
        let blocks = runs_without_permit(&*job, lane, slot);
        blocks.then(|| InBlocking::begin(&pool.workers)).flatten()
    });
    if let Some(counted) = blocking {
        pool.workers.lend_permit(slot, || pool.has_work());
        let probe = is_probe(&*job, lane).then_some(now);
        let before = os_thread::cpu_time();
        slot.switch_blocking();
        run(job);
        slot.switch_blocking();
        drop(counted);
        let computed = os_thread::cpu_time().saturating_sub(before);
        let was_short_probe =
            probe.is_some_and(|begun| clock::now() - begun < nanos(MAX_UNPERMITTED));
        if (computed > MAX_UNPERMITTED || was_short_probe)
            && profile.observe(ThreadState::Awake) == Learned::Change
        {
            pool.queue.mark_unsorted();
        }
    } else {
        run(job);
    }
    slot.end();
    ended
}

/// Returns true if the job is expected to block, or is to show whether it does.
fn runs_without_permit(job: &dyn Run, lane: LaneKind, slot: &WorkerSlot) -> bool {
    lane == LaneKind::Blocking || job.behavior() == Behavior::Blocking || !slot.has_permit()
}

/// Returns true if the job is the monitor's probe, and will run: jobs of unknown behavior are in
/// the blocking lane only if the monitor has sent them ahead.
fn is_probe(job: &dyn Run, lane: LaneKind) -> bool {
    lane == LaneKind::Blocking
        && job.behavior() == Behavior::Unknown
        && !job.is_tombstone()
        && !job.header().is_expired()
}

/// Polls for work for a while. Returns true if there is some.
fn poll(has_work: impl Fn() -> bool) -> bool {
    (1..=POLLS).any(|polls| {
        for _ in 0..SPINS {
            std::hint::spin_loop();
        }
        if polls % POLLS_PER_YIELD == 0 {
            std::thread::yield_now();
        }
        has_work()
    })
}
