//! What a running job may ask: its name, its deadline, whether anybody still waits for it.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Instant;

use crate::job::Run;

thread_local! {
    static JOB: RefCell<Option<Arc<dyn Run>>> = const { RefCell::new(None) };
}

/// The name under which the running job is counted: `Type::method`, `module::function` or the one given by
/// `name = "…"`; for a closure the function that submitted it. `None` outside of a job.
pub fn name() -> Option<&'static str> {
    JOB.with_borrow(|job| job.as_ref().map(|job| job.name()))
}

/// When the running job's caller stops waiting: the nearer of its own `timeout` and the deadline of the
/// [server](crate::server)'s request that it was submitted for. `None` when it waits as long as it takes, and outside of a job.
pub fn deadline() -> Option<Instant> {
    JOB.with_borrow(|job| job.as_ref().and_then(|job| job.header().deadline()))
}

/// Whether the running job works for nobody: its caller is gone, has cancelled, its deadline has passed, or its
/// pool's shutdown ran out of time. `false` outside of a job.
///
/// A long computation asks from time to time and returns early; whatever it returns then is dropped, except after
/// [`Submission::cancel`](crate::Submission::cancel), whose caller still waits and gets it. It costs about as much
/// as reading the clock.
pub fn is_cancelled() -> bool {
    JOB.with_borrow(|job| {
        job.as_ref().is_some_and(|job| {
            job.header().is_cancelled() || job.header().is_expired() || job.pool().is_stopping()
        })
    })
}

/// Runs `job` on this thread; while it runs, it is the one that the functions above speak of.
pub(crate) fn run(job: Arc<dyn Run>) {
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            // Dropping the job may drop what a user's closure owned; the cell must be free by then.
            let done = JOB.take();
            drop(done);
        }
    }
    JOB.set(Some(job));
    let _leave = Leave;
    JOB.with_borrow(|job| {
        if let Some(job) = job {
            job.run();
        }
    });
}
