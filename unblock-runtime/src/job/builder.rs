//! A closure with the options that the attribute has: a name, a time limit, `shed`.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use super::handler::Handler;
use super::{Submission, SubmitOptions};
use crate::error::TrySubmitError;
use crate::pool::Pool;

/// The handlers of closures, by name, for the life of the process.
static HANDLERS: RwLock<BTreeMap<&'static str, &'static Handler>> = RwLock::new(BTreeMap::new());

/// Options for closures that are submitted to a [`Pool`]; from [`Pool::job`].
///
/// It is a value to keep: any number of jobs may be submitted with it, and the time of each counts
/// from its own submission.
///
/// ```
/// use std::time::Duration;
/// use unblock_runtime::Pool;
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # runtime.block_on(async {
/// let sum = Pool::global().job("sum").timeout(Duration::from_secs(2)).shed();
/// let small = sum.submit(|| (1..=10_u64).sum::<u64>());
/// let large = sum.submit(|| (1..=1000_u64).sum::<u64>());
/// assert_eq!((small.await?, large.await?), (55, 500_500));
/// # Ok::<(), unblock_runtime::Error>(())
/// # }).unwrap();
/// ```
#[derive(Debug, Clone, Copy)]
#[must_use = "options do nothing until `submit`"]
pub struct JobBuilder<'a> {
    pool: &'a Pool,
    handler: &'static Handler,
    timeout: Option<Duration>,
    deadline: Option<Instant>,
    shed: bool,
}

impl<'a> JobBuilder<'a> {
    pub(crate) fn new(pool: &'a Pool, name: &'static str) -> Self {
        let handler = handler_of(name);
        Self { pool, handler, timeout: None, deadline: None, shed: false }
    }

    /// Sets how long a job may take from its submission, waiting and running included. When the
    /// time is over, the outcome is [`Error::TimedOut`](crate::Error::TimedOut): a job that waits
    /// never runs, and one that runs is told by [`job::is_cancelled`](crate::job::is_cancelled) and
    /// goes on for nobody. Default: as long as it takes, or until the deadline of the request or
    /// the [scope](crate::job::within) that it is submitted in, which counts in any case.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use unblock_runtime::{Error, Pool};
    /// # let pool = Pool::builder().parallelism(1).max_threads(1).build().unwrap();
    /// let late = pool.job("late").timeout(Duration::ZERO).submit(|| ());
    /// assert!(matches!(late.wait(), Err(Error::TimedOut)));
    /// ```
    pub fn timeout(mut self, time: Duration) -> Self {
        self.timeout = Some(time);
        self
    }

    /// Sets the time at which nobody waits for the jobs any more, as [`timeout`](Self::timeout)
    /// does. The nearer of the two counts.
    pub fn deadline(mut self, at: Instant) -> Self {
        self.deadline = Some(at);
        self
    }

    /// Has a job refused at once, with [`Error::Overloaded`](crate::Error::Overloaded), if it would
    /// have to wait for too long: for so long that it would not end before its deadline, or for a
    /// second if it has none, or for room in the queue.
    ///
    /// What a job is expected to take is the average of the jobs with this name in the process, so
    /// give different work different names.
    pub fn shed(mut self) -> Self {
        self.shed = true;
        self
    }

    /// Submits `work`, as [`Pool::submit`] does. Does not block.
    pub fn submit<F, T>(&self, work: F) -> Submission<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.pool.submit_with(work, self.options())
    }

    /// Submits `work` if it can be in the queue at once, as [`Pool::try_submit`] does. Does not
    /// block.
    ///
    /// # Errors
    ///
    /// Those of [`Pool::try_submit`]. With [`shed`](Self::shed) also
    /// [`Full`](TrySubmitError::Full) if the job would have to wait for too long. All return the
    /// work.
    pub fn try_submit<F, T>(&self, work: F) -> Result<Submission<T>, TrySubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.pool.try_submit_with(work, self.options())
    }

    fn options(&self) -> SubmitOptions {
        // A deadline that is too far away for the clock never comes.
        let timeout = self.timeout.and_then(|time| Instant::now().checked_add(time));
        let own = timeout.into_iter().chain(self.deadline).min();
        SubmitOptions { handler: Some(self.handler), shed: self.shed, ..SubmitOptions::until(own) }
    }
}

/// Returns the handler with this name. Names are in the program's text, so there are few, and none
/// is ever forgotten.
fn handler_of(name: &'static str) -> &'static Handler {
    if let Some(handler) = HANDLERS.read().unwrap_or_else(PoisonError::into_inner).get(name) {
        return handler;
    }
    let mut handlers = HANDLERS.write().unwrap_or_else(PoisonError::into_inner);
    handlers.entry(name).or_insert_with(|| Box::leak(Box::new(Handler::named(name))))
}
