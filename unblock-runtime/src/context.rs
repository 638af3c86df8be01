//! What a running job may ask: its name, its deadline, whether anybody still waits for it.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Instant;

use crate::job::Run;
use crate::pool::Shared;

struct Current {
    job: Arc<dyn Run>,
    pool: Arc<Shared>,
}

thread_local! {
    static CURRENT: RefCell<Option<Current>> = const { RefCell::new(None) };
}

/// The name under which the running job is counted: `Type::method`, `module::function` or the one given by
/// `name = "…"`; for a closure the function that submitted it. `None` outside of a job.
pub fn name() -> Option<&'static str> {
    CURRENT.with_borrow(|current| current.as_ref().map(|current| current.job.name()))
}

/// When the running job's caller stops waiting. `None` when it waits as long as it takes, and outside of a job.
pub fn deadline() -> Option<Instant> {
    CURRENT.with_borrow(|current| current.as_ref().and_then(|current| current.job.header().deadline))
}

/// Whether the running job works for nobody: its caller is gone, has cancelled, its deadline has passed, or its
/// pool's shutdown ran out of time. `false` outside of a job.
///
/// A long computation asks from time to time and returns early; whatever it returns then is dropped, except after
/// [`Submission::cancel`](crate::Submission::cancel), whose caller still waits and gets it. It costs about as much
/// as reading the clock.
pub fn is_cancelled() -> bool {
    CURRENT.with_borrow(|current| {
        current.as_ref().is_some_and(|current| {
            let header = current.job.header();
            header.is_cancelled()
                || current.pool.is_stopping()
                || header.deadline.is_some_and(|deadline| deadline <= Instant::now())
        })
    })
}

/// Runs `job` on this thread; while it runs, it is the one that the functions above speak of.
pub(crate) fn run(job: Arc<dyn Run>, pool: &Arc<Shared>) {
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            // Dropping the job may drop what a user's closure owned; the cell must be free by then.
            let done = CURRENT.take();
            drop(done);
        }
    }
    CURRENT.set(Some(Current { job, pool: Arc::clone(pool) }));
    let _leave = Leave;
    CURRENT.with_borrow(|current| {
        if let Some(current) = current {
            current.job.run(&current.pool);
        }
    });
}
