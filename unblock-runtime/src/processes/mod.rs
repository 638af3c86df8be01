//! Pools of processes: the same attribute, for functions that may crash, leak or never end.
//!
//! A thread cannot be stopped, and what it corrupts or leaks it leaves behind. With `remote` and a
//! [`ProcessPool`], a function runs in a process of its own: a worker, which is this program again.
//! What it does there ends with that process, and its caller gets an error that says how.
//!
//! ```no_run
//! # #[cfg(feature = "macros")] mod program {
//! use std::sync::LazyLock;
//! use unblock_runtime::processes::ProcessPool;
//! use unblock_runtime::{Error, unblock};
//!
//! static CRUNCH: LazyLock<ProcessPool> = LazyLock::new(|| {
//!     ProcessPool::builder().name("crunch").memory(512 << 20).build().expect("worker processes")
//! });
//!
//! #[unblock(remote, pool = CRUNCH, timeout = "2s")]
//! fn count(document: &[u8]) -> Result<usize, Error> {
//!     Ok(document.iter().filter(|byte| **byte == b'\n').count()) // may crash, leak or never end
//! }
//!
//! fn main() {
//!     unblock_runtime::processes::init(); // in a worker it serves, and never returns
//!     // the program
//! }
//! # }
//! # fn main() {}
//! ```
//!
//! The queue, admission, deadlines, `shed`, cancellation, statistics and the shutdown are those of
//! any [`Pool`], because it is one, whose threads talk to the workers. With a `Pool` in the place
//! of the `ProcessPool` the same functions run on its threads, and nothing is written or read.
//!
//! # What ends a job
//!
//! | in the worker | the caller gets |
//! | --- | --- |
//! | the function returns | its value, or its error |
//! | it panics | [`Error::Panicked`] with the text |
//! | the process dies: a crash, `exit`, too much memory | [`Error::Died`]: status, last lines |
//! | the deadline passes | [`Error::TimedOut`], at that time |
//! | an argument or the value has no form in serde, or is too large | [`Error::Unportable`] |
//! | processes die when they start | [`Error::Unreachable`] with the reason |
//!
//! A job runs once at the most. One that may have begun is never tried again.
//!
//! When its caller is gone or its deadline has passed, a job is told at once, by
//! [`job::is_cancelled`] and [`job::on_cancel`](crate::job::on_cancel()) in the worker. If it goes
//! on for [`kill_after`](ProcessPoolBuilder::kill_after), its process is killed, with all that it
//! has started. Another one takes its place.
//!
//! # In a worker
//!
//! Jobs run one at a time, on the main thread. What they write to standard output and standard
//! error goes to the log of this program, under the function's name, and standard input is empty.
//! A worker ends when this process does, however that ends. It has no open files of it but its
//! standard output and standard error.

mod builder;
mod frame;
mod output;
mod process;
mod stats;
mod supervisor;
mod worker;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use self::builder::Config;
pub use self::builder::ProcessPoolBuilder;
use self::frame::Kind;
use self::process::Process;
pub use self::stats::{Activity, ProcessCounts, ProcessStats};
use self::supervisor::{Kill, Outage, Request, Requests};
pub use self::worker::{Worker, init, init_in_test};
use crate::error::{Error, Panicked, Unportable};
use crate::job;
use crate::pool::{Pool, Shutdown, ShuttingDown};
use crate::remote::{Encoder, Function};
pub use crate::restart_budget::Restarts;
use crate::stats::{FunctionStats, Stats};

/// A handle to a pool whose jobs run in worker processes. Clones are handles to the same pool.
///
/// When the last handle is dropped, the pool closes: the jobs that are in the queue still run, then
/// its processes end.
#[derive(Clone)]
pub struct ProcessPool {
    /// The threads that talk to the processes, one for each.
    threads: Pool,
    processes: Arc<Processes>,
}

impl ProcessPool {
    /// Returns a builder for a pool. Does not block.
    pub fn builder() -> ProcessPoolBuilder {
        ProcessPoolBuilder::new()
    }

    /// Returns what the pool has done and does now, as [`Pool::stats`] does. Its threads are those
    /// that talk to the processes.
    pub fn stats(&self) -> Stats {
        self.threads.stats()
    }

    /// Returns what the pool has done for each function, as [`Pool::functions`] does.
    pub fn functions(&self) -> Vec<FunctionStats> {
        self.threads.functions()
    }

    /// Returns what each worker process does now, in the order in which they were started. Takes
    /// short locks, and reads a small file of the system for each process.
    pub fn processes(&self) -> Vec<ProcessStats> {
        self.processes.core.lock().members.iter().map(|process| ProcessStats::of(process)).collect()
    }

    /// Returns how many processes were started and how they ended. Takes a short lock.
    pub fn process_counts(&self) -> ProcessCounts {
        self.processes.core.lock().counts
    }

    /// Closes the pool, and waits until the submitted jobs have run, for `grace` at the most. Then
    /// jobs that have not begun are cancelled, and those that run are told; their processes are
    /// killed if they go on for [`kill_after`](ProcessPoolBuilder::kill_after). The report comes
    /// when none is left.
    ///
    /// Dropping the returned future leaves the pool closed, with nothing more cancelled.
    pub fn shutdown(&self, grace: Duration) -> impl Future<Output = Shutdown> + Send + use<> {
        self.begin_shutdown(grace)
    }

    /// Shuts the pool down as [`shutdown`](Self::shutdown) does, and waits by blocking this thread.
    pub fn shutdown_blocking(&self, grace: Duration) -> Shutdown {
        self.begin_shutdown(grace).wait()
    }

    fn begin_shutdown(&self, grace: Duration) -> ShuttingDown {
        let until = grace.saturating_add(self.processes.core.config.kill_after);
        self.threads.shutdown(until.saturating_add(REAPING)).cancel_after(grace)
    }

    pub(crate) fn handle(&self) -> Arc<Processes> {
        Arc::clone(&self.processes)
    }

    pub(crate) fn into_threads(self) -> Pool {
        self.threads
    }
}

impl fmt::Debug for ProcessPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessPool").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

/// The time that the end of a killed process is given to arrive.
const REAPING: Duration = Duration::from_secs(1);

/// The processes of a pool. They end when this is dropped, and nothing else has a call for them.
pub(crate) struct Processes {
    core: Arc<Core>,
}

impl Drop for Processes {
    fn drop(&mut self) {
        self.core.lock().is_closed = true;
        self.core.requests.wake();
    }
}

/// What the threads of a pool of processes and its supervisor share.
struct Core {
    config: Config,
    state: Mutex<State>,
    /// Notified when a process is idle, and when an outage begins.
    changed: Condvar,
    requests: Requests,
}

#[derive(Default)]
struct State {
    /// All processes that have been started and not reaped, in the order of their starts.
    members: Vec<Arc<Process>>,
    /// Those that are ready and have no call. The last one is the next.
    idle: Vec<Arc<Process>>,
    outage: Option<Outage>,
    is_closed: bool,
    counts: ProcessCounts,
}

impl Core {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for an idle process, until the running job's deadline.
    fn lease(&self) -> Result<Arc<Process>, Error> {
        let deadline = job::deadline();
        let mut state = self.lock();
        loop {
            while let Some(process) = state.idle.pop() {
                if !process.is_doomed() {
                    return Ok(process);
                }
            }
            if let Some(outage) = &state.outage {
                return Err(outage.error());
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                drop(state);
                expire();
                return Err(Error::TimedOut);
            }
            let waited = self.changed.wait_timeout(state, left.unwrap_or(Duration::MAX));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Takes a process back whose call has ended.
    fn give_back(&self, process: Arc<Process>) {
        let is_spent = process.end();
        let mut state = self.lock();
        let is_retiring = process.is_retiring();
        if !is_retiring && !process.is_doomed() {
            state.idle.push(Arc::clone(&process));
        }
        drop(state);
        if is_retiring {
            self.requests.send(Request::Stop(process));
        } else {
            self.changed.notify_one();
            if is_spent || self.is_too_large(&process) {
                self.requests.send(Request::Replace(process));
            }
        }
    }

    fn is_too_large(&self, process: &Process) -> bool {
        self.config.most_resident.is_some_and(|most| {
            // The file is read now and then: reading it costs as much as a short call.
            process.calls().is_multiple_of(RESIDENT_EVERY)
                && stats::resident(process.id).is_some_and(|bytes| bytes > most)
        })
    }

    /// Tells a process that its call is cancelled, and has it killed if it goes on.
    fn cancel(&self, process: &Arc<Process>, call: u64) {
        if process.cancel(call) {
            let kill_after = self.config.kill_after;
            let reason = format!("killed, as its job went on for {kill_after:?} when cancelled");
            let at = Instant::now() + kill_after;
            let process = Arc::clone(process);
            self.requests.send(Request::Kill(Kill { at, process, call: Some(call), reason }));
        }
    }
}

/// The time in which a process that has closed its socket is expected to die.
const DYING: Duration = Duration::from_secs(1);

/// Returns true for an error that says that the other side is gone.
fn is_end(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionReset | UnexpectedEof)
}

/// The number of calls between two looks at the memory of a process.
const RESIDENT_EVERY: u64 = 8;

impl Processes {
    /// Calls `function` in a worker process, for the running job, and waits for the answer.
    pub(crate) fn call(
        &self,
        function: &'static Function,
        message: &Encoder<'_>,
    ) -> Result<Vec<u8>, Error> {
        let (core, limit) = (&self.core, self.core.config.message_limit);
        if message.len() > limit {
            let size = message.len();
            let text = format!("the arguments have {size} bytes, and the limit is {limit}");
            return Err(Error::Unportable(Unportable::new(text)));
        }
        let process = core.lease()?;
        if !process.knows(function) {
            core.give_back(process);
            let reason = format!("the worker program has no `{}` like this one's", function.path());
            return Err(Error::Unreachable { retry_after: Duration::ZERO, reason: reason.into() });
        }
        if job::is_cancelled() {
            expire();
            core.give_back(process);
            return Err(Error::Cancelled);
        }
        let call = process.begin(function);
        let guard = {
            let (core, process) = (Arc::clone(core), Arc::clone(&process));
            job::on_cancel(move || core.cancel(&process, call))
        };
        let answer = process.exchange(call, function, message, limit, expire);
        drop(guard);
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                let reason = format!("killed, as it did not answer as a worker does: {error}");
                // Mostly it is about to die, and that is why.
                let at = Instant::now() + if is_end(&error) { DYING } else { Duration::ZERO };
                let dying = Arc::clone(&process);
                core.requests.send(Request::Kill(Kill { at, process: dying, call: None, reason }));
                let death = process.wait_for_death();
                process.end();
                return Err(Error::Died(death));
            }
        };
        core.give_back(process);
        let text = || String::from_utf8_lossy(&answer.body).into_owned();
        match answer.kind {
            Kind::Answer => Ok(answer.body),
            Kind::Panicked => Err(Error::Panicked(Panicked::new(Box::new(text())))),
            Kind::PanickedWithoutText => Err(Error::Panicked(Panicked::new(Box::new(())))),
            _ => Err(Error::Unportable(Unportable::new(text()))),
        }
    }
}

/// Tells the caller of the running job, if its deadline has passed. A process that runs it is told
/// after that, by the hook: its answer may come at once, and would be the outcome otherwise.
fn expire() {
    if let Some(job) = job::context::current().filter(|job| job.header().is_expired()) {
        job.expire();
    }
}

/// Returns the path of this program, as it was when it was started: a deployment may have replaced
/// the file.
fn this_program() -> PathBuf {
    let running = PathBuf::from("/proc/self/exe");
    if running.exists() { running } else { std::env::current_exe().unwrap_or(running) }
}
