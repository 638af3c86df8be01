//! A pool of threads that sizes itself: what users build, submit to and shut down.

pub(crate) mod builder;
mod shared;
pub(crate) mod shutdown;
pub(crate) mod stats;

use std::fmt;
use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

pub use self::builder::PoolBuilder;
pub(crate) use self::shared::Shared;
pub use self::shutdown::Shutdown;
use self::shutdown::ShutdownWait;
pub use self::stats::Stats;

use crate::error::{BuildError, Error, TrySubmitError};
use crate::job::origin::Origin;
use crate::job::{Job, Order, Run};
use crate::queue::Entry;
use crate::workers::profile::Kind;

use crate::job::submission::Submission;

static GLOBAL: OnceLock<Pool> = OnceLock::new();

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
                Entry::NoRoom => {
                    job.refuse(Error::Overloaded { retry_after: shared.predicted_wait(&*job) })
                }
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
