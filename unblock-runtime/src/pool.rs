//! A pool of threads that sizes itself: what users build, submit to and shut down.

use std::fmt;
use std::future::Future;
use std::io;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crate::admission::{Admission, Expected};
use crate::builder::PoolBuilder;
use crate::error::{BuildError, Error, TrySubmitError};
use crate::habit::Kind;
use crate::job::{Account, Header, Job, Order, Run};
use crate::origin::Origin;
use crate::panic;
use crate::queue::{Entry, Queue};
use crate::shutdown::{Shutdown, ShutdownWait, Shutdowns};
use crate::sizing::Sizing;
use crate::stats::{Counters, Stats};
use crate::submission::Submission;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, AtomicI32, Ordering, fence};

static GLOBAL: OnceLock<Pool> = OnceLock::new();

/// How long a job with `shed` and without a deadline may wait: what people notice as a delay in a dialogue, one second
/// (Nielsen, "Response Times", 1993).
const SHED_WAIT: Duration = Duration::from_secs(1);

/// A handle to a pool of threads for work that blocks. Clones are handles to the same pool.
///
/// When the last handle is dropped, the pool closes: what was submitted still runs, then its threads end.
#[derive(Clone)]
pub struct Pool {
    pub(crate) shared: Arc<Shared>,
    // The workers hold `shared` too; this is held by handles alone.
    _last: Arc<CloseOnDrop>,
}

impl Pool {
    /// The pool that `#[unblock]` uses where no other is named. Built at the first use, with the defaults of
    /// [`builder`](Self::builder), unless one was [installed](PoolBuilder::install_global) before.
    ///
    /// # Panics
    ///
    /// When the system does not give the pool its first threads.
    pub fn global() -> &'static Self {
        GLOBAL.get_or_init(|| match Self::builder().build() {
            Ok(pool) => pool,
            Err(error) => panic!("the global pool could not be built: {error}"),
        })
    }

    pub(crate) fn install_global(pool: Self) -> Result<(), BuildError> {
        GLOBAL.set(pool).map_err(|_| BuildError::GlobalExists)
    }

    pub(crate) fn has_global() -> bool {
        GLOBAL.get().is_some()
    }

    /// A pool with settings of its own.
    pub fn builder() -> PoolBuilder {
        PoolBuilder::new()
    }

    pub(crate) fn from_shared(shared: Arc<Shared>) -> Self {
        Self { _last: Arc::new(CloseOnDrop { shared: Arc::clone(&shared) }), shared }
    }

    /// Submits `work`. Does not block.
    ///
    /// It is in the queue at once when there is room; else the [`Submission`] waits for room when it is polled. A pool
    /// that is closed makes the outcome [`Error::Closed`].
    pub fn submit<F, T>(&self, work: F) -> Submission<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.submit_as(work, Order::plain())
    }

    /// Submits `work` if it can be in the queue at once. Does not block.
    ///
    /// # Errors
    ///
    /// [`Full`](TrySubmitError::Full) when the queue has no room, [`Closed`](TrySubmitError::Closed) when the pool takes no
    /// more jobs; the work comes back with either.
    pub fn try_submit<F, T>(&self, work: F) -> Result<Submission<T>, TrySubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let shared = &self.shared;
        shared.counters.submitted();
        let order = Order::plain();
        let job = Job::new(
            work,
            Origin::here(shared),
            order,
            shared.account(Kind::of::<F>(), order).ok().flatten(),
        );
        let entry = shared.enter(Arc::clone(&job) as Arc<dyn Run>);
        if entry == Entry::Entered {
            shared.cancel_if_stopping(&*job);
            return Ok(Submission::new(job, order.deadline));
        }
        match job.take_work() {
            Some(work) if entry == Entry::Closed => Err(TrySubmitError::Closed(work)),
            Some(work) => Err(TrySubmitError::Full(work)),
            None => unreachable!("nobody else has seen a job that did not enter"),
        }
    }

    pub(crate) fn submit_as<F, T>(&self, work: F, order: Order) -> Submission<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let shared = &self.shared;
        shared.counters.submitted();
        let (account, refused) = match shared.account(Kind::of::<F>(), order) {
            Ok(account) => (account, None),
            Err(retry_after) => (None, Some(retry_after)),
        };
        let job = Job::new(work, Origin::here(shared), order, account);
        if let Some(retry_after) = refused {
            job.refuse(Error::Overloaded { retry_after });
        } else {
            match shared.enter(Arc::clone(&job) as Arc<dyn Run>) {
                Entry::Entered => shared.cancel_if_stopping(&*job),
                Entry::NoRoom if !order.shed => {}
                Entry::NoRoom => job.refuse(Error::Overloaded { retry_after: shared.predicted_wait(&*job) }),
                Entry::Closed => job.refuse(Error::Closed),
            }
        }
        Submission::new(job, order.deadline)
    }

    /// What the pool has done and does now. Takes a short lock; does not wait for jobs.
    pub fn stats(&self) -> Stats {
        let shared = &self.shared;
        Stats {
            name: shared.name.clone(),
            waiting: shared.queue.waiting(),
            threads: shared.sizing.threads(),
            idle: shared.sizing.idle(),
            parallelism: shared.sizing.parallelism() as usize,
            queue_capacity: shared.queue.capacity(),
            niceness: shared.niceness(),
            ..shared.counters.read()
        }
    }

    /// Closes the pool, and waits until what was submitted has run, at the most for `grace`.
    ///
    /// New submissions are refused with [`Error::Closed`] from the moment of the call. When `grace` is over, what has not
    /// begun is [cancelled](Error::Cancelled), and [`job::is_cancelled`](crate::job::is_cancelled) tells what runs; that
    /// cannot be stopped, and its callers get its outcome when it ends. Threads end as they come to have nothing to do.
    /// Dropping the returned future leaves the pool closed, with nothing cancelled. Calling this again, from anywhere, is
    /// fine: each caller waits for its own grace.
    pub fn shutdown(&self, grace: Duration) -> impl Future<Output = Shutdown> + Send + 'static {
        let shared = Arc::clone(&self.shared);
        let before = shared.counters.ended_total();
        shared.close();
        let deadline = Instant::now().checked_add(grace);
        let mut wait = ShutdownWait::new(shared, before, deadline);
        std::future::poll_fn(move |cx| wait.poll(cx))
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("stats", &self.stats()).finish()
    }
}

/// What handles, submissions and workers share.
pub(crate) struct Shared {
    pub(crate) name: String,
    pub(crate) queue: Queue,
    pub(crate) sizing: Sizing,
    pub(crate) admission: Admission,
    pub(crate) counters: Counters,
    /// What the workers are to run at; 0 leaves them alone.
    pub(crate) niceness: i32,
    /// Of the workers, in bytes; `None` for the standard library's.
    pub(crate) stack_size: Option<usize>,
    read_back: AtomicI32,
    niceness_refused: AtomicBool,
    /// A shutdown ran out of time.
    stopping: AtomicBool,
    pub(crate) shutdowns: Mutex<Shutdowns>,
}

/// No worker has reported its niceness.
const UNREAD: i32 = i32::MIN;

impl Shared {
    pub(crate) fn new(
        name: String,
        queue: Queue,
        sizing: Sizing,
        niceness: i32,
        stack_size: Option<usize>,
    ) -> Self {
        Self {
            name,
            queue,
            admission: Admission::new(sizing.parallelism()),
            sizing,
            counters: Counters::new(),
            niceness,
            stack_size,
            read_back: AtomicI32::new(UNREAD),
            niceness_refused: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            shutdowns: Mutex::new(Shutdowns::default()),
        }
    }

    /// Starts a thread that is named after the pool.
    pub(crate) fn spawn_thread(
        &self,
        role: impl fmt::Display,
        stack_size: Option<usize>,
        f: impl FnOnce() + Send + 'static,
    ) -> io::Result<()> {
        let mut builder = std::thread::Builder::new().name(format!("{}-{role}", self.name));
        if let Some(bytes) = stack_size {
            builder = builder.stack_size(bytes);
        }
        builder.spawn(f).map(drop)
    }

    /// Opens an account for a job that is submitted now, if the pool keeps them.
    ///
    /// # Errors
    ///
    /// The job is to be refused; the time after which to try again.
    #[inline]
    fn account(&self, kind: Kind, order: Order) -> Result<Option<Box<Account>>, Duration> {
        if order.shed {
            self.admission.keep();
        }
        if self.admission.is_kept() { self.open_account(kind, order).map(Some) } else { Ok(None) }
    }

    fn open_account(&self, kind: Kind, order: Order) -> Result<Box<Account>, Duration> {
        let submitted = Instant::now();
        let average = order.handler.map(|handler| &handler.run_time);
        // What sleeps waits for no core, and lets nobody wait for one.
        let sleeps = kind.habit().sleeps();
        let expected = if sleeps { Expected::default() } else { self.admission.expect(average) };
        if order.shed {
            let time =
                order.deadline.map_or(SHED_WAIT, |deadline| deadline.saturating_duration_since(submitted));
            self.admission.admit(expected, average.filter(|_| !sleeps), time)?;
        }
        self.admission.joined(expected, average);
        Ok(Box::new(Account { submitted, expected }))
    }

    /// How long the job would wait if there were room for it, as far as the pool's accounts tell.
    fn predicted_wait(&self, job: &dyn Run) -> Duration {
        let account = job.header().account.as_ref();
        account.map(|account| self.admission.predicted_wait(account.expected)).unwrap_or_default()
    }

    /// A job's wait is over, because it begins or because it never will.
    pub(crate) fn waits_no_more(&self, header: &Header) {
        if let Some(account) = &header.account {
            self.admission.left(account.expected, header.run_time());
        }
    }

    /// Puts a job that its caller alone knows into the queue, if there is room.
    pub(crate) fn enter(&self, job: Arc<dyn Run>) -> Entry {
        let entry = self.queue.try_enter(job);
        match entry {
            Entry::Entered => self.sizing.notify(),
            Entry::NoRoom => {}
            // It had a place for a moment, in which others may have seen the pool as not finished; and the place may
            // have gone to the line.
            Entry::Closed => {
                self.sizing.notify();
                self.wind_up();
            }
        }
        entry
    }

    /// Puts a job that found no room in line for it.
    pub(crate) fn stand_in_line(&self, job: &Arc<dyn Run>) {
        match self.queue.stand_in_line(job) {
            Entry::Entered => self.sizing.notify(),
            Entry::NoRoom => {}
            Entry::Closed => job.refuse(Error::Closed),
        }
    }

    /// Something left the queue; if the line moved up, there is more for the workers.
    pub(crate) fn moved(&self, moved: bool) {
        if moved {
            self.sizing.notify();
        }
    }

    /// Something is known of the kind that has sent one of its jobs ahead. Jobs of another may have waited for that.
    pub(crate) fn scout_is_back(&self) {
        self.queue.scout_is_back();
        self.moved(self.queue.sort());
    }

    /// A job is over, or has stopped running.
    pub(crate) fn job_ended(&self) {
        if !self.queue.is_open() {
            self.wind_up();
        }
    }

    pub(crate) fn close(&self) {
        self.queue.close();
        self.wind_up();
    }

    /// Whether a shutdown ran out of time.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// A shutdown has run out of time: cancels what has not begun.
    pub(crate) fn cancel_queued(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        for job in self.queue.drain() {
            panic::contain("dropping what a job had captured", || job.abort(Error::Cancelled));
        }
    }

    /// A job that was on its way into the queue when that was emptied is cancelled like those that were in it. Its
    /// submitter sees to it: it entered before it looks here, and [`cancel_queued`](Self::cancel_queued) says what it is about
    /// before it looks into the queue, with a fence on both sides (here in `notify`).
    fn cancel_if_stopping(&self, job: &dyn Run) {
        if self.is_stopping() {
            job.abort(Error::Cancelled);
        }
    }

    pub(crate) fn note_niceness(&self, outcome: io::Result<i32>) {
        match outcome {
            Ok(niceness) => self.read_back.store(niceness, Ordering::Relaxed),
            Err(error) => {
                if !self.niceness_refused.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        pool = self.name, niceness = self.niceness, %error,
                        "the system refuses to lower the workers' priority; they run at the process's"
                    );
                }
            }
        }
    }

    fn niceness(&self) -> Option<i32> {
        let niceness = self.read_back.load(Ordering::Relaxed);
        (niceness != UNREAD).then_some(niceness)
    }

    /// In a closed pool: sends the workers home when nothing is left for them, and tells those who wait for that.
    fn wind_up(&self) {
        if !self.queue.is_finished() {
            return;
        }
        self.sizing.dismiss();
        // Shells are left, if anything is. They hold their pool, which would hold them for ever.
        drop(self.queue.drain());
        if self.counters.on_threads() == 0 {
            let waiters = self.shutdowns.lock().take_waiters();
            for waiter in waiters {
                waiter.notify();
            }
        }
    }
}

struct CloseOnDrop {
    shared: Arc<Shared>,
}

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.shared.close();
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::pin::Pin;
    use std::sync::{Arc, mpsc};
    use std::task::{Context, Waker};

    use super::{Future, Pool};

    /// Jobs hold their pool, and a pool's queue and line hold jobs.
    #[test]
    fn a_pool_without_handles_is_freed_with_the_shells_of_jobs_in_its_line() {
        let shared = std::thread::spawn(|| {
            let pool = Pool::builder().parallelism(1).max_threads(1).queue_capacity(2).build().unwrap();
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
            assert!(Pin::new(&mut waiting).poll(&mut Context::from_waker(Waker::noop())).is_pending());
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
