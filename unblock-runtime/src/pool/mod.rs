//! A pool of threads that sizes itself: what users build, submit to and shut down.

mod accounting;
mod builder;
#[cfg_attr(not(any(feature = "test-util", feature = "processes")), path = "no_caller_runs.rs")]
pub(crate) mod caller_runs;
pub(crate) mod enter;
mod shared;
mod shutdown;
mod size;

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

pub use self::builder::PoolBuilder;
pub use self::enter::EnterGuard;
pub(crate) use self::shared::Shared;
pub use self::shutdown::{Shutdown, ShuttingDown};
pub(crate) use self::size::PoolSize;
use crate::clock;
use crate::error::{BuildError, Error, TrySubmitError};
use crate::job::origin::Origin;
use crate::job::span::JobSpan;
use crate::job::{Await, Header, Job, JobBuilder, JobName, Run, Submission, SubmitOptions, Work};
use crate::queue::Entry;
use crate::stats::{FunctionStats, Stats, WorkerStats};
use crate::workers::profile::JobType;

static GLOBAL: OnceLock<Pool> = OnceLock::new();
/// The global pool of a process that was forked from one that had a global pool.
static GLOBAL_AFTER_FORK: Mutex<Option<&'static Pool>> = Mutex::new(None);

/// The pools that have handles.
static ALL: Mutex<Vec<Weak<CloseOnDrop>>> = Mutex::new(Vec::new());

/// A handle to a pool of threads for work that blocks. Clones are handles to the same pool.
///
/// When the last handle is dropped, the pool closes: the jobs that are in the queue or wait for
/// room in it still run, then its threads end. A submission that found no room and was never polled
/// does not wait for room yet, and is refused.
///
/// A process that `fork` makes, without `exec`, has none of the pool's threads. There the pool is
/// closed: the first submission that would wake a thread finds that out, and the
/// [global](Self::global) pool is another one from then on. If workers were at work at the moment
/// of the fork, a submission wakes no thread and waits for ever, so fork first and build pools
/// then.
#[derive(Clone)]
pub struct Pool {
    pub(crate) shared: Arc<Shared>,
    // The workers hold `shared` too. Only handles hold this.
    _close_on_drop: Arc<CloseOnDrop>,
}

impl Pool {
    /// Returns the pool that `#[unblock]` uses where no other is named or [entered](Self::enter).
    /// It is built at the first use, with the defaults of [`builder`](Self::builder), unless one
    /// was [installed](PoolBuilder::install_global) before.
    ///
    /// It is this one whatever pool is entered: [`current`](Self::current) is the one that follows
    /// `enter`, as closures should that a test is to have in its own pool.
    ///
    /// # Panics
    ///
    /// If the system does not give the pool its first threads.
    pub fn global() -> &'static Self {
        let pool = GLOBAL.get_or_init(Self::build_global);
        if pool.shared.is_abandoned() { Self::global_after_fork() } else { pool }
    }

    #[cold]
    fn global_after_fork() -> &'static Self {
        let mut pool = GLOBAL_AFTER_FORK.lock().unwrap_or_else(PoisonError::into_inner);
        match *pool {
            Some(pool) if !pool.shared.is_abandoned() => pool,
            _ => pool.insert(Box::leak(Box::new(Self::build_global()))),
        }
    }

    fn build_global() -> Self {
        match Self::builder().build() {
            Ok(pool) => pool,
            Err(error) => panic!("the global pool could not be built: {error}"),
        }
    }

    pub(crate) fn install_global(pool: Self) -> Result<(), BuildError> {
        GLOBAL.set(pool).map_err(|_| BuildError::GlobalExists)
    }

    pub(crate) fn has_global() -> bool {
        GLOBAL.get().is_some()
    }

    /// Returns a builder for a pool with settings of its own.
    pub fn builder() -> PoolBuilder {
        PoolBuilder::new()
    }

    /// Returns the first handle to a pool.
    pub(crate) fn from_shared(shared: Arc<Shared>) -> Self {
        let close_on_drop = Arc::new(CloseOnDrop { shared: Arc::clone(&shared) });
        shared.handles.get_or_init(|| Arc::downgrade(&close_on_drop));
        let mut pools = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        pools.retain(|pool| pool.strong_count() > 0);
        pools.push(Arc::downgrade(&close_on_drop));
        drop(pools);
        Self { shared, _close_on_drop: close_on_drop }
    }

    /// Returns one more handle to a pool, which is closed if all others have been dropped.
    pub(crate) fn handle_to(shared: &Arc<Shared>) -> Self {
        let shared = Arc::clone(shared);
        let close_on_drop = shared.handles.get().and_then(Weak::upgrade);
        let close_on_drop =
            close_on_drop.unwrap_or_else(|| Arc::new(CloseOnDrop { shared: Arc::clone(&shared) }));
        Self { shared, _close_on_drop: close_on_drop }
    }

    /// Submits `work`. Does not block.
    ///
    /// The job is in the queue at once if there is room. If not, the [`Submission`] waits for room
    /// when it is polled. A closed pool makes the outcome [`Error::Closed`].
    pub fn submit<F, T>(&self, work: F) -> Submission<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.submit_with(work, SubmitOptions::until(None))
    }

    /// Returns options for closures that are submitted under a name: a time limit, and whether to
    /// refuse a job that would wait for too long. They are those of the attribute `unblock`. Does
    /// not block.
    ///
    /// The name is the one in [`job::name`](crate::job::name) and in logs, and jobs with the same
    /// name share an average run time. Finding the name takes a short lock; the builder is a value
    /// to keep.
    pub fn job(&self, name: &'static str) -> JobBuilder<'_> {
        JobBuilder::new(self, name)
    }

    /// Submits `work` if it can be in the queue at once. Does not block.
    ///
    /// # Errors
    ///
    /// [`Full`](TrySubmitError::Full) if the queue has no room, [`Closed`](TrySubmitError::Closed)
    /// if the pool takes no more jobs. Both return the work.
    pub fn try_submit<F, T>(&self, work: F) -> Result<Submission<T>, TrySubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.try_submit_with(work, SubmitOptions::until(None))
    }

    pub(crate) fn try_submit_with<F, T>(
        &self,
        work: F,
        options: SubmitOptions,
    ) -> Result<Submission<T>, TrySubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let (shared, now) = (&self.shared, clock::now());
        let name = JobName::of::<F>(options.handler);
        let function = shared.functions.find(name);
        let counters = shared.functions.counters(function);
        counters.submitted();
        let job_type = JobType::of::<F>();
        let Ok(estimate) = shared.estimate(job_type, options) else {
            counters.rejected();
            return Err(TrySubmitError::Full(work));
        };
        let span = JobSpan::open(&shared.name, name);
        let header = Header::new(job_type, function, now, options, estimate, span);
        let job = Job::new(work, Origin::here(shared), header);
        let entry = shared.try_enter(&(Arc::clone(&job) as Arc<dyn Run>));
        if entry == Entry::Entered {
            shared.cancel_if_stopping(&*job);
            return Ok(Submission::new(job, options.deadline));
        }
        match job.take_work() {
            Some(work) if entry == Entry::Closed => Err(TrySubmitError::Closed(work)),
            Some(work) => Err(TrySubmitError::Full(work)),
            None => unreachable!("no other thread has seen a job that did not enter"),
        }
    }

    pub(crate) fn submit_with<F, T>(&self, work: F, options: SubmitOptions) -> Submission<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        Self::submit_as(&self.shared, JobType::of::<F>(), work, options)
    }

    /// Submits work of another type than its own, as that in a box, to a pool whose handle the
    /// caller need not have.
    pub(crate) fn submit_as<F, T>(
        shared: &Arc<Shared>,
        job_type: JobType,
        work: F,
        options: SubmitOptions,
    ) -> Submission<T>
    where
        F: Work<T>,
        T: Send + 'static,
    {
        let now = clock::now();
        let name = JobName::of::<F>(options.handler);
        let function = shared.functions.find(name);
        shared.functions.counters(function).submitted();
        let (estimate, refused) = match shared.estimate(job_type, options) {
            Ok(estimate) => (estimate, None),
            Err(retry_after) => (None, Some(retry_after)),
        };
        let span = JobSpan::open(&shared.name, name);
        let header = Header::new(job_type, function, now, options, estimate, span);
        let job = Job::new(work, Origin::here(shared), header);
        if let Some(retry_after) = refused {
            return refuse(shared, job, retry_after);
        }
        match shared.try_enter(&(Arc::clone(&job) as Arc<dyn Run>)) {
            Entry::Entered => shared.cancel_if_stopping(&*job),
            Entry::Full if !options.shed => {}
            Entry::Full => {
                let retry_after = shared.predicted_wait(&*job);
                return refuse(shared, job, retry_after);
            }
            Entry::Closed => job.refuse(Error::Closed),
        }
        Submission::new(job, options.deadline)
    }

    /// Returns what the pool has done and does now. Takes a short lock, and does not wait for jobs.
    pub fn stats(&self) -> Stats {
        let shared = &self.shared;
        Stats {
            name: shared.name.clone(),
            waiting: shared.queue.waitlist_len(),
            threads: shared.workers.threads(),
            idle: shared.workers.idle(),
            parallelism: shared.workers.parallelism() as usize,
            max_threads: shared.workers.max_threads(),
            queue_capacity: shared.queue.capacity(),
            niceness: shared.niceness.reported(),
            predicted_wait: shared.admission.predicted_core_wait(),
            ..shared.functions.counts().into()
        }
    }

    /// Returns what the pool has done for each function, by name: every annotated function and
    /// every [named](Self::job) or other closure that it has had a job of. Takes a short lock, and
    /// does not wait for jobs. The cost is some ten microseconds for each function.
    ///
    /// Beyond a thousand functions the rest is counted as one, `(further functions)`.
    ///
    /// ```
    /// # use unblock_runtime::Pool;
    /// let pool = Pool::builder().build()?;
    /// pool.job("sum").submit(|| (1..=10_u64).sum::<u64>()).wait()?;
    /// let sum = &pool.functions()[0];
    /// assert_eq!((sum.name, sum.completed, sum.run.count()), ("sum", 1, 1));
    /// println!("p99 of the waits: {:?}", sum.wait.quantile(0.99));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn functions(&self) -> Vec<FunctionStats> {
        self.shared.functions.read()
    }

    /// Returns what each worker does now, in the order in which they were started. Takes a short
    /// lock, and does not wait for jobs. On Linux it asks the kernel which threads are asleep,
    /// which costs some three microseconds for each worker that has a job.
    pub fn workers(&self) -> Vec<WorkerStats> {
        self.shared.workers.read(&self.shared.name)
    }

    /// Returns all pools of the process that have a handle: the global one if it is in use, and all
    /// others. Takes a short lock.
    ///
    /// The handles keep the pools open, so drop them soon.
    pub fn all() -> Vec<Self> {
        let mut pools = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        pools.retain(|pool| pool.strong_count() > 0);
        let open = pools.iter().filter_map(Weak::upgrade);
        open.map(|open| Self { shared: Arc::clone(&open.shared), _close_on_drop: open }).collect()
    }

    /// Changes how many workers may compute at a time, and how many threads there may be, as
    /// [`parallelism`](PoolBuilder::parallelism) and [`max_threads`](PoolBuilder::max_threads) set
    /// them when the pool is built: when the process is given more cores, for example. Does not
    /// block, and applies to all handles.
    ///
    /// No job is lost or stopped. Threads that are too many end when they have ended their jobs;
    /// further ones are started when there is work for them. The capacity of the queue stays. A
    /// pool that is closed changes too, for the jobs that it still has.
    ///
    /// # Errors
    ///
    /// [`BuildError::Setting`] if one of the two is 0, or `max_threads` is less than `parallelism`,
    /// or if the pool was built without threads, for tests. Nothing has changed then.
    pub fn resize(&self, parallelism: usize, max_threads: usize) -> Result<(), BuildError> {
        if self.shared.caller_runs.is_some() {
            let text = "a pool that was built without threads cannot be given any";
            return Err(BuildError::Setting(text.to_owned()));
        }
        self.shared.resize(PoolSize::new(Some(parallelism), Some(max_threads))?);
        Ok(())
    }

    /// Closes the pool, and waits until the submitted jobs have run, for `grace` at the most.
    ///
    /// New submissions are refused with [`Error::Closed`] from the moment of the call. When `grace`
    /// is over, or [sooner](ShuttingDown::cancel_after), jobs that have not begun are
    /// [cancelled](Error::Cancelled), and [`job::is_cancelled`](crate::job::is_cancelled) tells
    /// those that run. A running job cannot be stopped, and its caller gets its outcome when it
    /// ends; the report names those that were left. Threads end as they run out of work. Dropping
    /// the returned future leaves the pool closed, with nothing more cancelled. Any number of
    /// callers may call this, and each waits for its own grace.
    pub fn shutdown(&self, grace: Duration) -> ShuttingDown {
        ShuttingDown::begin(Arc::clone(&self.shared), grace)
    }

    /// Shuts the pool down as [`shutdown`](Self::shutdown) does, and waits by blocking this thread,
    /// for code without an executor.
    ///
    /// Not to be called in a job of this pool, which it would wait for until `grace` is over.
    #[cfg(not(loom))]
    pub fn shutdown_blocking(&self, grace: Duration) -> Shutdown {
        self.shutdown(grace).wait()
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("stats", &self.stats()).finish()
    }
}

pub(crate) struct CloseOnDrop {
    shared: Arc<Shared>,
}

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.shared.close_for_good();
    }
}

/// Refuses a job, and returns the submission by which its caller is told in its turn.
fn refuse<T>(shared: &Shared, job: Arc<dyn Await<T>>, retry_after: Duration) -> Submission<T> {
    job.refuse(Error::Overloaded { retry_after });
    Submission::refused(job, shared.admission.refusal_due(Instant::now()))
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::future::Future;
    use std::pin::Pin;
    use std::sync::{Arc, mpsc};
    use std::task::{Context, Waker};

    use super::Pool;

    /// Jobs hold their pool, and the pool's queue and waitlist hold jobs.
    #[test]
    fn a_pool_without_handles_is_freed_with_the_tombstones_in_its_waitlist() {
        let shared = std::thread::spawn(|| {
            let pool =
                Pool::builder().parallelism(1).max_threads(1).queue_capacity(2).build().unwrap();
            let (open, gate) = mpsc::channel::<()>();
            let (begun, begins) = mpsc::channel();
            let job = move || {
                begun.send(()).unwrap();
                gate.recv()
            };
            pool.submit(job).detach();
            begins.recv().unwrap();
            pool.submit(|| ()).detach();
            pool.submit(|| ()).detach();
            let mut waiting = pool.submit(|| ());
            assert!(
                Pin::new(&mut waiting).poll(&mut Context::from_waker(Waker::noop())).is_pending()
            );
            drop(waiting);
            let shared = Arc::downgrade(&pool.shared);
            drop(pool);
            drop(open);
            shared
        });
        let shared = shared.join().unwrap();
        // The pool's threads are on their way out.
        while shared.strong_count() > 0 {
            std::thread::yield_now();
        }
    }
}
