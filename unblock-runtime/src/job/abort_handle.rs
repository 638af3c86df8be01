//! A handle that cancels a job from elsewhere than where its outcome is awaited.

use std::fmt;
use std::sync::Arc;

use super::{CancelledBy, Run};

/// Cancels a job, from any thread; from [`Submission::abort_handle`](crate::Submission).
///
/// It is for a job whose [`Submission`](crate::Submission) somebody else awaits. Dropping it
/// changes nothing, and it does not keep the pool open.
///
/// ```
/// use unblock_runtime::{Error, Pool};
///
/// let pool = Pool::builder().parallelism(1).max_threads(1).build()?;
/// # let (open, gate) = std::sync::mpsc::channel::<()>();
/// # pool.submit(move || gate.recv()).detach();
/// let queued = pool.submit(|| 7);
/// let handle = queued.abort_handle();
/// let waiting = std::thread::spawn(move || queued.wait());
/// handle.abort();
/// assert!(matches!(waiting.join().unwrap(), Err(Error::Cancelled)));
/// # drop(open);
/// # Ok::<(), unblock_runtime::BuildError>(())
/// ```
#[derive(Clone)]
pub struct AbortHandle {
    job: Arc<dyn Run>,
}

impl AbortHandle {
    pub(super) fn new(job: Arc<dyn Run>) -> Self {
        Self { job }
    }

    /// Cancels the job, as [`Submission::cancel`](crate::Submission::cancel) does: if it has not
    /// begun, it never runs, and its outcome is [`Error::Cancelled`](crate::Error::Cancelled). A
    /// running job is told by [`job::is_cancelled`](crate::job::is_cancelled). A detached job can
    /// be cancelled too. Does not block, but what the job had captured is dropped on this thread.
    pub fn abort(&self) {
        self.job.cancel(CancelledBy::Caller);
    }

    /// Returns true if the job has its outcome: it has ended, or was cancelled, refused or given up
    /// at its deadline. A job that was begun before its deadline passed may still run. Takes a
    /// short lock.
    pub fn is_finished(&self) -> bool {
        self.job.is_finished()
    }
}

impl fmt::Debug for AbortHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AbortHandle")
            .field("job", &self.job.name())
            .field("is_finished", &self.is_finished())
            .finish()
    }
}
