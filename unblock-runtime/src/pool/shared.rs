//! The part of a pool that its handles, its jobs and its workers share.

use std::fmt;
use std::io;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Instant;

use super::CloseOnDrop;
use super::caller_runs::CallerRuns;
use super::shutdown::ShutdownWaiters;
use super::size::PoolSize;
use crate::error::Error;
use crate::job::on_cancel::CancelHooks;
use crate::job::{CancelledBy, Run};
use crate::process::Process;
use crate::queue::admission::Admission;
use crate::queue::concurrency_limits::{ConcurrencyLimits, Turn};
use crate::queue::{Change, Entry, Lanes, Queue};
use crate::stats::Functions;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, Ordering, fence};
use crate::unwind;
use crate::workers::Workers;
use crate::workers::niceness::Niceness;
use crate::workers::thread_hooks::ThreadHooks;

/// The number of jobs in the waitlist from which on detached jobs are refused, unless the queue has
/// room for more.
const MIN_LONG_WAITLIST: usize = 1024;

pub(crate) struct Shared {
    /// What the handles have in common, as long as there are any.
    pub(super) handles: OnceLock<Weak<CloseOnDrop>>,
    pub(crate) name: String,
    pub(crate) queue: Queue<dyn Run>,
    pub(crate) concurrency_limits: ConcurrencyLimits<dyn Run>,
    pub(crate) workers: Workers,
    pub(crate) admission: Admission,
    pub(crate) functions: Functions,
    pub(crate) cancel_hooks: CancelHooks,
    pub(crate) niceness: Niceness,
    /// The stack size of the workers in bytes; `None` for the standard library's default.
    pub(crate) stack_size: Option<usize>,
    pub(crate) thread_hooks: ThreadHooks,
    /// There if the pool has no threads.
    pub(crate) caller_runs: Option<CallerRuns>,
    /// Set when the log says that detached jobs are refused. It is never cleared.
    has_refused_detached: AtomicBool,
    /// Set when a shutdown has run out of time. It is never cleared.
    stopping: AtomicBool,
    pub(super) shutdown_waiters: Mutex<ShutdownWaiters>,
    /// The process of the workers.
    process: Process,
    is_abandoned: AtomicBool,
}

impl Shared {
    pub(super) fn new(
        name: String,
        queue: Queue<dyn Run>,
        workers: Workers,
        niceness: Niceness,
        stack_size: Option<usize>,
        thread_hooks: ThreadHooks,
        caller_runs: Option<CallerRuns>,
    ) -> Self {
        Self {
            handles: OnceLock::new(),
            name,
            queue,
            concurrency_limits: ConcurrencyLimits::new(),
            admission: Admission::new(workers.size(), Instant::now()),
            functions: Functions::new(workers.parallelism() as usize),
            cancel_hooks: CancelHooks::new(),
            workers,
            niceness,
            stack_size,
            thread_hooks,
            caller_runs,
            has_refused_detached: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            shutdown_waiters: Mutex::new(ShutdownWaiters::default()),
            process: Process::current(),
            is_abandoned: AtomicBool::new(false),
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

    /// Puts a job that only its caller knows into the queue, if there is room.
    pub(super) fn try_enter(&self, job: &Arc<dyn Run>) -> Entry {
        // It is noted before the job enters, because a worker may take it at once.
        self.starts_waiting(job.header());
        let entry = match &self.caller_runs {
            Some(caller_runs) => caller_runs.try_enter(self, job),
            None => self.queue.try_enter(Arc::clone(job)),
        };
        if entry != Entry::Entered {
            self.stops_waiting(job.header());
        }
        match entry {
            Entry::Entered => self.notify(),
            Entry::Full => {}
            // The job had room for a moment, so that other threads may have seen the queue as not
            // finished, and the room may have gone to a job of the waitlist.
            Entry::Closed => {
                self.workers.notify();
                self.dismiss_if_finished();
            }
        }
        entry
    }

    /// Puts a job that found no room on the waitlist.
    pub(crate) fn join_waitlist(&self, job: &Arc<dyn Run>) {
        self.starts_waiting(job.header());
        match self.queue.join_waitlist(job) {
            Ok(change) => self.queue_changed(change),
            // If the job is over by now, the refusal has no effect.
            Err(_not_joined) => {
                self.stops_waiting(job.header());
                job.refuse(Error::Closed);
            }
        }
    }

    /// Returns true if too many jobs wait for room for one more that nobody waits for. Logs that
    /// the first time.
    pub(crate) fn has_long_waitlist(&self) -> bool {
        let is_long = self.queue.waitlist_len() >= self.queue.capacity().max(MIN_LONG_WAITLIST);
        if is_long && !self.has_refused_detached.swap(true, Ordering::Relaxed) {
            unwind::log(|| {
                tracing::warn!(
                    pool = self.name,
                    waiting = self.queue.waitlist_len(),
                    "too many jobs wait for room: detached jobs are refused"
                );
            });
        }
        is_long
    }

    /// Runs a job that was taken out of the queue by `run`, if as many of its handler may run, and
    /// then those that waited for its end. If not, a thread runs it that ends one of them.
    pub(crate) fn run_in_turn(&self, job: Arc<dyn Run>, mut run: impl FnMut(Arc<dyn Run>)) {
        let limit = job.header().concurrency_limit().filter(|_| !job.is_tombstone());
        let Some(limit) = limit else { return run(job) };
        let Turn::Now(job) = self.concurrency_limits.begin(limit, Arc::clone(&job)) else {
            return self.cancel_if_stopping(&*job);
        };
        run(job);
        while let Some(job) = self.concurrency_limits.end(limit) {
            run(job);
        }
    }

    /// Returns true if a worker with a permit would find a job that it may begin.
    pub(crate) fn has_work(&self) -> bool {
        self.queue.has_computing()
            || (self.queue.has_blocking() && self.workers.may_begin_blocking())
    }

    /// Wakes a worker if there is more work for one.
    pub(crate) fn queue_changed(&self, change: Change) {
        if change == Change::MoreWork {
            self.notify();
        }
    }

    fn notify(&self) {
        if self.workers.notify() && self.process != Process::current() {
            self.abandon();
        }
    }

    /// Closes the pool and refuses its jobs, because this process was forked from the one whose
    /// threads the workers are.
    #[cold]
    fn abandon(&self) {
        self.is_abandoned.store(true, Ordering::Relaxed);
        self.queue.close();
        self.end_queued(|job| job.refuse(Error::Closed));
    }

    /// Returns true if the workers turned out to be threads of the process that this one was forked
    /// from.
    pub(super) fn is_abandoned(&self) -> bool {
        self.is_abandoned.load(Ordering::Relaxed)
    }

    /// Changes how many jobs compute at a time, and how many threads there may be.
    pub(super) fn resize(&self, size: PoolSize) {
        self.admission.resize(size);
        self.queue.set_lanes(Lanes::of(size.has_blocking_lane()));
        self.workers.resize(size);
    }

    /// Takes no more jobs from now on.
    pub(super) fn close(&self) {
        self.queue.close();
        self.dismiss_if_finished();
    }

    /// Takes no more jobs, because the last handle is gone. The jobs in the queue still run, unless
    /// only a handle could have them run.
    pub(super) fn close_for_good(&self) {
        self.close();
        if self.caller_runs.as_ref().is_some_and(CallerRuns::is_on_demand) {
            self.end_queued(|job| job.refuse(Error::Closed));
        }
    }

    /// Returns true if a shutdown has run out of time.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Cancels the jobs that have not begun, and tells those that run, because a shutdown has run
    /// out of time.
    pub(super) fn cancel_queued(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        self.end_queued(|job| job.cancel(CancelledBy::Shutdown));
        self.cancel_hooks.call_all();
    }

    /// Ends each job that has not begun.
    fn end_queued(&self, end: impl Fn(&dyn Run)) {
        for job in self.queue.drain().into_iter().chain(self.concurrency_limits.drain()) {
            unwind::contain("dropping what a job had captured", || end(&*job));
        }
    }

    /// Cancels a job that entered the queue while [`cancel_queued`](Self::cancel_queued) emptied
    /// it. The submitter calls this after the job has entered. `cancel_queued` sets its flag before
    /// it looks into the queue, and there is a fence on both sides, here in `notify`. So one of the
    /// two cancels the job.
    pub(crate) fn cancel_if_stopping(&self, job: &dyn Run) {
        if self.is_stopping() {
            job.cancel(CancelledBy::Shutdown);
        }
    }

    /// Ends the threads of a closed pool when no work is left, and notifies those who wait for
    /// that.
    pub(super) fn dismiss_if_finished(&self) {
        if !self.queue.is_finished() {
            return;
        }
        self.workers.dismiss();
        // Tombstones hold their pool, and the pool would hold them forever.
        drop(self.queue.drain());
        if self.functions.counts().on_threads() == 0 {
            let waiters = self.shutdown_waiters.lock().take_all();
            for waiter in waiters {
                waiter.notify();
            }
        }
    }
}
