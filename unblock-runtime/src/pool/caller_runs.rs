//! Pools without threads, for tests and in worker processes: their jobs run on the threads of their
//! callers. (The word is that of Java's `CallerRunsPolicy`.)
//!
//! Such a pool has the queue, the limits and the statistics of any other, and no workers or
//! monitor. A job is run where a thread asks for the next one, and where a thread waits for one.

use std::cell::RefCell;
use std::sync::Arc;

#[cfg(feature = "test-util")]
use super::Pool;
use super::{PoolBuilder, Shared};
use crate::clock;
use crate::event_loop::Entered;
use crate::job::Run;
use crate::job::deadline::Scope;
use crate::queue::Entry;
use crate::sync::Mutex;
use crate::unwind;

/// When the jobs of a pool without threads run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    OnDemand,
    Inline,
}

pub(crate) struct CallerRuns {
    when: When,
    /// The number of jobs that threads have taken to run them. A job is taken under the lock.
    taken: Mutex<usize>,
}

thread_local! {
    /// The jobs without a worker that this thread runs, the innermost last.
    static JOBS: RefCell<Vec<Arc<dyn Run>>> = const { RefCell::new(Vec::new()) };
}

#[cfg(feature = "test-util")]
impl PoolBuilder {
    /// Builds a pool without threads, whose jobs wait until a test runs them: by
    /// [`Pool::run_next`] or [`Pool::run_until_idle`], in the order of their submission. Needs the
    /// feature `test-util`.
    ///
    /// Jobs also run where a thread waits for one by blocking: in
    /// [`Submission::wait`](crate::Submission::wait),
    /// [`SubmissionSet::wait_next`](crate::SubmissionSet::wait_next) and
    /// [`Pool::shutdown_blocking`], and where a job awaits another. Nothing runs them for a task
    /// that awaits one, nor for [`Pool::shutdown`]. When the last handle is dropped, the jobs in
    /// the queue are refused with [`Error::Closed`](crate::Error::Closed), as there is nobody left
    /// who could run them.
    ///
    /// Panics, cancellation, deadlines, limits and statistics are those of any pool. Deadlines go
    /// by the clock of the system. Settings of threads have no effect: `threads` and `max_threads`
    /// of [`Stats`](crate::Stats) are 0, and the parallelism is 1.
    ///
    /// ```
    /// use unblock_runtime::Pool;
    ///
    /// let pool = Pool::builder().on_demand().build()?;
    /// let sum = pool.job("sum").submit(|| 1 + 2);
    /// pool.job("log").submit(|| ()).detach();
    /// assert_eq!(pool.stats().queued, 2);
    /// assert_eq!(pool.run_next(), Some("sum"));
    /// assert_eq!(pool.run_until_idle(), 1);
    /// assert_eq!(sum.wait().unwrap(), 3);
    /// # Ok::<(), unblock_runtime::BuildError>(())
    /// ```
    pub fn on_demand(mut self) -> Self {
        self.caller_runs = Some(When::OnDemand);
        self
    }

    /// Builds a pool without threads, where each job runs at once on the thread that submits it:
    /// [`Pool::submit`] returns when the job has ended, and the first poll of an annotated function
    /// has its value. Needs the feature `test-util`. (Sidekiq's word, and Active Job's.)
    ///
    /// So a test with a paused clock does not wait for another thread, during which the clock would
    /// run on. A job blocks the thread that submits it, and what else that has to do waits
    /// meanwhile. A job whose function has as many running on other threads as its `concurrency`
    /// allows is run by the thread that ends one of them. For the rest see
    /// [`on_demand`](Self::on_demand).
    ///
    /// ```
    /// use unblock_runtime::Pool;
    ///
    /// let pool = Pool::builder().inline().build()?;
    /// let here = std::thread::current().id();
    /// let there = pool.submit(|| std::thread::current().id());
    /// assert!(there.is_finished());
    /// assert_eq!(there.wait().unwrap(), here);
    /// # Ok::<(), unblock_runtime::BuildError>(())
    /// ```
    pub fn inline(self) -> Self {
        self.in_place()
    }
}

impl PoolBuilder {
    /// Builds a pool without threads, where each job runs at once on the thread that submits it.
    pub(crate) fn in_place(mut self) -> Self {
        self.caller_runs = Some(When::Inline);
        self
    }
}

#[cfg(feature = "test-util")]
impl Pool {
    /// Runs the next job of a pool that was built [on demand](PoolBuilder::on_demand), on this
    /// thread. Returns its name, as [`job::name`](crate::job::name) has it, or `None` if no job is
    /// in the queue that may begin. Blocks while the job runs. Needs the feature `test-util`.
    ///
    /// Jobs that were cancelled or have timed out are passed over. Jobs that wait for the end of
    /// this one, because of the `concurrency` of their function, run after it. A job may call this,
    /// and the next one runs inside of it.
    ///
    /// # Panics
    ///
    /// If the pool has threads.
    pub fn run_next(&self) -> Option<&'static str> {
        self.caller_runs().run_next(&self.shared).first().copied()
    }

    /// Runs jobs as [`run_next`](Self::run_next) does until none is left in the queue, those that
    /// are submitted meanwhile among them. Returns how many have run.
    ///
    /// # Panics
    ///
    /// If the pool has threads.
    pub fn run_until_idle(&self) -> usize {
        let caller_runs = self.caller_runs();
        let runs = || Some(caller_runs.run_next(&self.shared).len()).filter(|&ran| ran > 0);
        std::iter::from_fn(runs).sum()
    }

    #[track_caller]
    fn caller_runs(&self) -> &CallerRuns {
        self.shared.caller_runs.as_ref().expect(
            "this pool's threads run its jobs: build it by `Pool::builder().on_demand()` to run \
             them here",
        )
    }
}

impl CallerRuns {
    pub(super) fn new(when: When) -> Self {
        Self { when, taken: Mutex::new(0) }
    }

    /// Returns true if jobs wait until a thread asks for them.
    pub(super) fn is_on_demand(&self) -> bool {
        self.when == When::OnDemand
    }

    /// Puts a job that only its caller knows into the queue, if there is room, or runs it at once.
    pub(super) fn try_enter(&self, pool: &Shared, job: &Arc<dyn Run>) -> Entry {
        if self.when == When::OnDemand {
            return pool.queue.try_enter(Arc::clone(job));
        }
        let entry = pool.queue.try_take_room(job.position());
        if entry == Entry::Entered {
            *self.taken.lock() += 1;
            self.run_in_turn(pool, Arc::clone(job));
            // Jobs of other threads that had to wait for room.
            while !self.run_next(pool).is_empty() {}
        }
        entry
    }

    /// Runs the next job of the queue, and those that waited for its end. Returns their names.
    fn run_next(&self, pool: &Shared) -> Vec<&'static str> {
        loop {
            let job = {
                let mut taken = self.taken.lock();
                let Some(job) = pool.queue.pop_computing() else { return Vec::new() };
                *taken += 1;
                job
            };
            let ran = self.run_in_turn(pool, job);
            if !ran.is_empty() {
                return ran;
            }
        }
    }

    /// Runs queued jobs until there is nothing to wait for any more, or none is left.
    pub(crate) fn run_until(&self, pool: &Shared, is_over: impl Fn() -> bool) {
        while !is_over() && !self.run_next(pool).is_empty() {}
    }

    /// Panics if `job` cannot end before one that runs on this thread and waits for it, because
    /// neither is it in the queue nor does another thread run a job.
    pub(crate) fn assert_can_end(&self, pool: &Shared, job: &dyn Run) {
        let taken = self.taken.lock();
        let is_here = |other: &&Arc<dyn Run>| std::ptr::eq(Arc::as_ptr(other.pool()), pool);
        let here = JOBS.try_with(|jobs| jobs.borrow().iter().filter(is_here).count()).unwrap_or(0);
        let may_end = here == 0 || *taken > here || pool.queue.has_computing() || job.is_finished();
        drop(taken);
        assert!(
            may_end || job.header().deadline().is_some(),
            "the job `{}` cannot end before the job that waits for it: await it after that job \
             or give its function a higher `concurrency`",
            job.name()
        );
    }

    /// Runs a job that was taken in its turn, and those that waited for its end. Returns the names
    /// of those that ran.
    fn run_in_turn(&self, pool: &Shared, job: Arc<dyn Run>) -> Vec<&'static str> {
        struct GiveBack<'a>(&'a Mutex<usize>);
        impl Drop for GiveBack<'_> {
            fn drop(&mut self) {
                *self.0.lock() -= 1;
            }
        }
        let _give_back = GiveBack(&self.taken);
        let mut ran = Vec::new();
        pool.run_in_turn(job, |job| ran.extend(run(job)));
        ran
    }
}

/// Runs a job on this thread. Returns its name if it was not over before.
fn run(job: Arc<dyn Run>) -> Option<&'static str> {
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            let left = JOBS.try_with(|jobs| jobs.borrow_mut().pop());
            drop(left);
        }
    }
    if job.is_tombstone() {
        return None;
    }
    let mut name = None;
    // A panic of the job is its outcome. This catches those of destructors of a user's values.
    unwind::contain("dropping a job's value or what it had captured", || {
        let job = job;
        // The thread may be ending, with its locals gone. Then the job does not know itself.
        let _ = JOBS.try_with(|jobs| jobs.borrow_mut().push(Arc::clone(&job)));
        let leave = Leave;
        // As on a worker, the body runs on no event loop, and for no request or scope.
        let no_loop = Entered::enter(None);
        Scope::NONE.enter(|| job.run(clock::now()));
        drop((no_loop, leave));
        name = job.has_begun().then(|| job.name());
    });
    name
}

/// Returns the innermost job without a worker that this thread runs.
pub(crate) fn running_job() -> Option<Arc<dyn Run>> {
    JOBS.try_with(|jobs| jobs.borrow().last().cloned()).ok().flatten()
}

/// Returns true if this thread runs a job without a worker, so that it is blocked by what it polls.
pub(crate) fn is_in_job() -> bool {
    JOBS.try_with(|jobs| !jobs.borrow().is_empty()).unwrap_or(false)
}
