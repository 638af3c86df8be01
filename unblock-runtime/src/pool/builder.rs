//! The settings of a pool. Each has a default that fits most programs.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::Pool;
use super::caller_runs::{CallerRuns, When};
use super::shared::Shared;
use super::size::PoolSize;
use crate::error::BuildError;
use crate::queue::{Lanes, Queue};
use crate::spawner;
use crate::workers::niceness::Niceness;
use crate::workers::thread_hooks::ThreadHooks;
use crate::workers::{WakeFor, Workers, monitor, worker};

/// Settings for a [`Pool`]; from [`Pool::builder`].
///
/// ```
/// use std::time::Duration;
/// use unblock_runtime::Pool;
///
/// let database = Pool::builder().name("db").max_threads(8).queue_capacity(256).build()?;
/// # Ok::<(), unblock_runtime::BuildError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "settings do nothing until `build` or `install_global`"]
pub struct PoolBuilder {
    name: String,
    parallelism: Option<usize>,
    max_threads: Option<usize>,
    queue_capacity: usize,
    keep_alive: Duration,
    niceness: Option<i32>,
    stack_size: Option<usize>,
    thread_hooks: ThreadHooks,
    /// Set if the pool is to have no threads.
    pub(super) caller_runs: Option<When>,
}

impl PoolBuilder {
    pub(crate) fn new() -> Self {
        Self {
            name: "unblock".to_owned(),
            parallelism: None,
            max_threads: None,
            queue_capacity: 1024,
            keep_alive: Duration::from_secs(10),
            niceness: None,
            stack_size: None,
            thread_hooks: ThreadHooks::default(),
            caller_runs: None,
        }
    }

    /// Sets the pool's name in statistics and logs. The names of its threads begin with it; Linux
    /// shows 15 bytes of them. Default: `unblock`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets how many workers may compute at a time. One more computes for a moment when a job that
    /// slept goes on, or when a new type of job is tried. The workers are there from the start and
    /// stay. Default: the number of cores that the process may use, as
    /// [`available_parallelism`](std::thread::available_parallelism) has it, or what the
    /// environment variable `UNBLOCK_CORES` says; or `max_threads` if that is less.
    pub fn parallelism(mut self, workers: usize) -> Self {
        self.parallelism = Some(workers);
        self
    }

    /// Sets how many threads there may be, including those that sleep in a job. Default: 512
    /// (tokio's), or the parallelism if that is more.
    pub fn max_threads(mut self, threads: usize) -> Self {
        self.max_threads = Some(threads);
        self
    }

    /// Sets how many jobs wait in the queue before callers wait for room. Default: 1,024.
    pub fn queue_capacity(mut self, jobs: usize) -> Self {
        self.queue_capacity = jobs;
        self
    }

    /// Sets the time without work after which a thread beyond the parallelism ends. Default: 10 s
    /// (tokio's).
    pub fn keep_alive(mut self, idle: Duration) -> Self {
        self.keep_alive = idle;
        self
    }

    /// Sets the niceness of the workers, 0 to 19, so that event loops go first. 0 leaves them at
    /// the priority of the process.
    ///
    /// Default: 10, on Linux, and the priority of the process while other threads keep the workers
    /// from the cores. A niceness that is set here always applies. It has no effect elsewhere,
    /// because niceness belongs to the whole process there.
    pub fn niceness(mut self, niceness: i32) -> Self {
        self.niceness = Some(niceness);
        self
    }

    /// Sets the size of each worker's stack in bytes. Default: that of the standard library, 2 MiB
    /// unless `RUST_MIN_STACK` says otherwise. The system reserves it as address space, and backs
    /// the pages that are touched.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// Has each worker's thread call `hook` when it starts, before it runs a job: to set up
    /// thread-locals, or to name the thread in a profiler.
    ///
    /// Jobs may wait for a thread whose hook takes long. A panic in the hook is logged, and the
    /// thread runs jobs all the same. Default: nothing is called. The last hook that is given
    /// counts. (tokio's name.)
    ///
    /// ```
    /// use unblock_runtime::Pool;
    ///
    /// let pool = Pool::builder()
    ///     .on_thread_start(|| println!("{:?} starts", std::thread::current().name()))
    ///     .on_thread_stop(|| println!("{:?} ends", std::thread::current().name()))
    ///     .build()?;
    /// # Ok::<(), unblock_runtime::BuildError>(())
    /// ```
    pub fn on_thread_start(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.thread_hooks.set_on_start(hook);
        self
    }

    /// Has each worker's thread call `hook` before it ends: after
    /// [`keep_alive`](Self::keep_alive), when its [niceness](Self::niceness) is to change, or with
    /// the pool. A shutdown does not wait for it, and a process that exits does not either.
    ///
    /// A panic in the hook is logged. Default: nothing is called. The last hook that is given
    /// counts. (tokio's name.)
    pub fn on_thread_stop(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.thread_hooks.set_on_stop(hook);
        self
    }

    /// Builds the pool and starts its first threads, [`parallelism`](Self::parallelism) of them.
    ///
    /// The threads have the cores of the process, and its priority until they are made nice,
    /// whatever those of the calling thread are. Blocks until the threads are started.
    ///
    /// # Errors
    ///
    /// [`BuildError::Setting`] for a setting out of range, [`BuildError::Thread`] if the system
    /// gives no threads.
    pub fn build(self) -> Result<Pool, BuildError> {
        let invalid = |text: &str| Err(BuildError::Setting(text.to_owned()));
        let size = match self.caller_runs {
            Some(_) => PoolSize::WITHOUT_THREADS,
            None => PoolSize::new(self.parallelism, self.max_threads)?,
        };
        if self.queue_capacity == 0 {
            return invalid("queue_capacity must be at least 1");
        }
        if let Some(niceness) = self.niceness.filter(|niceness| !(0..=19).contains(niceness)) {
            let text = format!("niceness must be 0 to 19, not {niceness}");
            return Err(BuildError::Setting(text));
        }
        if self.name.is_empty() || self.name.contains('\0') {
            return invalid("a pool's name must not be empty and must not hold a NUL");
        }
        let lanes = Lanes::of(size.has_blocking_lane());
        let shared = Arc::new(Shared::new(
            self.name,
            Queue::new(self.queue_capacity, lanes),
            Workers::new(size, self.keep_alive),
            Niceness::new(self.niceness),
            self.stack_size,
            self.thread_hooks,
            self.caller_runs.map(CallerRuns::new),
        ));
        // If the system refuses a thread below, dropping this handle ends those that started.
        let pool = Pool::from_shared(Arc::clone(&shared));
        if self.caller_runs.is_some() {
            return Ok(pool);
        }
        spawner::run(move || start_threads(&shared)).flatten().map_err(BuildError::Thread)?;
        Ok(pool)
    }

    /// Builds the pool and makes it the [global](Pool::global) one.
    ///
    /// # Errors
    ///
    /// [`BuildError::GlobalExists`] if there is one already. Otherwise those of
    /// [`build`](Self::build).
    pub fn install_global(self) -> Result<(), BuildError> {
        if Pool::has_global() {
            return Err(BuildError::GlobalExists);
        }
        Pool::install_global(self.build()?)
    }
}

/// Starts the monitor and the workers that stay.
fn start_threads(shared: &Arc<Shared>) -> io::Result<()> {
    let watched = Arc::clone(shared);
    shared.spawn_thread("monitor", None, move || monitor::run(&watched))?;
    (0..shared.workers.parallelism())
        .try_for_each(|_| worker::spawn(shared, WakeFor::AnyJob).map(drop))
}
