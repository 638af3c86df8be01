//! Functions and types that generated code calls. Not public API.
//!
//! An annotated function makes its arguments the job's own ([`copy_for_the_job`]), makes a [`Call`]
//! with its options, [runs](Call::run) its body as a job, and returns what the [`Outcome`] of that
//! becomes for its return type. A method with `&self` is called once more by its job ([`Reentry`]).
//! A function with `remote` has its arguments [carried](Call::run_remote) where it runs.

mod argument;
mod outcome;
mod reentry;
#[cfg(feature = "processes")]
pub mod remote;

use std::any::type_name;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

pub use self::argument::{CopyForTheJob, Owned, Variable, copy_for_the_job, goes_to_the_pool};
pub use self::outcome::{CanFail, Outcome, failing_as, fallible, infallible};
pub use self::reentry::{Asynchronous, Reentry};
pub use crate::job::handler::Handler;
use crate::job::{Submission, SubmitOptions, Work};
pub use crate::pool::Pool;
use crate::pool::enter;
use crate::workers::profile::JobType;

/// Traits whose methods generated code finds by method resolution.
pub mod prelude {
    pub use super::argument::{Copied, Lent};
    pub use super::outcome::{ByError, ByPanic};
}

/// The options of one call.
#[must_use]
pub struct Call {
    handler: &'static Handler,
    pool: Option<Pool>,
    timeout: Option<Duration>,
    shed: bool,
    detach: bool,
}

impl Call {
    /// Creates a call on the pool of this thread that waits as long as it takes.
    pub fn new(handler: &'static Handler) -> Self {
        Self { handler, pool: None, timeout: None, shed: false, detach: false }
    }

    /// Applies `pool = …`.
    pub fn pool(mut self, pool: Pool) -> Self {
        self.pool = Some(pool);
        self
    }

    /// Applies `timeout = …`.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Applies `shed`.
    pub fn shed(mut self) -> Self {
        self.shed = true;
        self
    }

    /// Applies `detach`.
    pub fn detach(mut self) -> Self {
        self.detach = true;
        self
    }

    /// Submits `body`. The outcome is to be awaited.
    ///
    /// Only this is compiled for each function; the rest is for each type of result.
    pub fn run<R, F>(self, body: F) -> Running<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static, // It crosses threads: `Arc` for `Rc`, `Box<dyn Error + Send + Sync>`.
    {
        self.handler.set_path(type_name::<F>());
        let body: Body<R> = Box::new(body);
        Running(self.submission(JobType::of::<F>(), body))
    }

    fn submission<R: Send + 'static>(self, job_type: JobType, work: impl Work<R>) -> Submission<R> {
        let entered = if self.pool.is_none() { enter::current() } else { None };
        let pool = match (&self.pool, &entered) {
            (Some(pool), _) => &pool.shared,
            (None, Some(entered)) => entered,
            (None, None) => &Pool::global().shared,
        };
        let own = self.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut options = SubmitOptions {
            handler: Some(self.handler),
            shed: self.shed,
            enters_pool: entered.is_some(),
            ..SubmitOptions::until(own)
        };
        if self.detach {
            // A detached job outlives its request, so it does not inherit the request's deadline.
            options.deadline = own;
        }
        let mut submission = Pool::submit_as(pool, job_type, work, options);
        if self.detach {
            submission.release();
        }
        submission
    }
}

type Body<R> = Box<dyn FnOnce() -> R + Send>;

/// The outcome of a call, to be awaited.
#[must_use]
pub struct Running<R>(Submission<R>);

impl<R> Future for Running<R> {
    type Output = Outcome<R>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome<R>> {
        Pin::new(&mut self.0).poll(cx).map(Outcome)
    }
}
