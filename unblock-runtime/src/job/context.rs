//! The job that a thread runs, and what it may ask about itself.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Instant;

use super::Run;
use crate::pool::{Pool, caller_runs};
use crate::workers::worker;

thread_local! {
    static JOB: RefCell<Option<Arc<dyn Run>>> = const { RefCell::new(None) };
}

/// Returns the name of the running job: `Type::method`, `module::function`, or the one that
/// `name = "…"` gives. The name of a closure's job is that of the function that submitted it.
/// Returns `None` outside of a job.
pub fn name() -> Option<&'static str> {
    with_job(|job| job.name())
}

/// Returns the pool that runs the job, for further jobs that are to be with it. Returns `None`
/// outside of a job.
///
/// The pool may be closed. The handle keeps it open otherwise, as any does. A job that waits for
/// another one of its pool holds its thread meanwhile, so a pool needs more threads than there are
/// such jobs.
pub fn pool() -> Option<Pool> {
    with_job(|job| Pool::handle_to(job.pool()))
}

/// Returns when the caller of the running job stops waiting: the nearest of its own `timeout`, the
/// deadline of the [server](crate::server)'s request that the job was submitted for, and that of
/// the [scope](crate::job::within) that it was submitted in. Returns `None` if the caller waits as
/// long as it takes, and outside of a job.
pub fn deadline() -> Option<Instant> {
    with_job(|job| job.header().deadline()).flatten()
}

/// Returns true if the running job works for nobody: its caller has gone or has cancelled, its
/// deadline has passed, or a [shutdown](crate::Pool::shutdown) of its pool tells it. Returns
/// `false` outside of a job.
///
/// A long computation asks from time to time and returns early. Its value is dropped then, except
/// after [`Submission::cancel`](crate::Submission::cancel), whose caller still waits and gets it.
/// The call costs about as much as reading the clock.
pub fn is_cancelled() -> bool {
    with_job(|job| {
        let header = job.header();
        header.is_cancelled() || header.is_expired() || job.pool().is_stopping()
    })
    .unwrap_or(false)
}

/// Runs `f`, which sleeps or waits, in a job that computes otherwise: another job may use the core
/// meanwhile.
///
/// The pool finds out by itself that a job sleeps, within some milliseconds and while work waits.
/// With this hint it knows at once, and it knows as well of what looks like computing: waiting for
/// another job by spinning. Afterwards the job has its core back if one is left, and shares it with
/// others until then. At most `max_threads` less the parallelism of a pool's threads block at a
/// time by such a hint; beyond, and outside of a job, `f` just runs. The idea is Java's
/// `ForkJoinPool.managedBlock`.
///
/// ```
/// use unblock_runtime::{job, unblock};
///
/// #[unblock]
/// fn convert(path: std::path::PathBuf) -> std::io::Result<u32> {
///     let bytes = job::blocking(|| std::fs::read(path))?;
///     Ok(bytes.iter().map(|&byte| u32::from(byte)).sum())
/// }
/// ```
pub fn blocking<T>(f: impl FnOnce() -> T) -> T {
    worker::block_in_place(f)
}

/// Returns the running job.
pub(crate) fn current() -> Option<Arc<dyn Run>> {
    let of_worker = || JOB.try_with(|job| job.borrow().clone()).ok().flatten();
    caller_runs::running_job().or_else(of_worker)
}

/// Asks the running job, if there is one. There is none while the thread's locals are destroyed.
fn with_job<T>(ask: impl FnOnce(&dyn Run) -> T) -> Option<T> {
    // A job without a worker runs inside of the worker's, if this is one.
    match caller_runs::running_job() {
        Some(job) => Some(ask(&*job)),
        None => JOB.try_with(|job| job.borrow().as_deref().map(ask)).ok().flatten(),
    }
}

/// Runs `job` on this thread, now. The functions above speak of it while it runs. Returns when it
/// ended.
pub(crate) fn run(job: Arc<dyn Run>, now: u64) -> u64 {
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            // Dropping the job may drop a user's values, which may ask the functions above: the
            // cell must not be borrowed by then.
            let done = JOB.take();
            drop(done);
        }
    }
    JOB.set(Some(job));
    let _leave = Leave;
    JOB.with_borrow(|job| job.as_ref().map_or(now, |job| job.run(now)))
}
