//! Functions and types that generated code calls. Not public API.
//!
//! An annotated function makes its arguments the job's own ([`copy_for_the_job`]), makes a [`Call`]
//! with its options, [runs](Call::run) its body as a job, and returns what the [`Outcome`] of that
//! becomes for its return type. A method with `&self` is called once more by its job ([`Reentry`]).

mod argument;
mod outcome;
mod reentry;

use std::time::{Duration, Instant};

pub use self::argument::{CopyForTheJob, Owned, Variable, copy_for_the_job, goes_to_the_pool};
pub use self::outcome::{AsPanic, CanFail, Outcome, failing_as, fallible};
pub use self::reentry::{Asynchronous, Reentry};
use crate::job::SubmitOptions;
pub use crate::job::handler::Handler;
pub use crate::pool::Pool;

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
    /// Creates a call on the global pool that waits as long as it takes.
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

    /// Submits `body` at its first poll, and waits for its outcome.
    pub async fn run<R, F>(self, body: F) -> Outcome<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static, // It crosses threads: `Arc` for `Rc`, `Box<dyn Error + Send + Sync>`.
    {
        let pool = self.pool.as_ref().unwrap_or_else(|| Pool::global());
        let own = self.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut options = SubmitOptions {
            handler: Some(self.handler),
            shed: self.shed,
            ..SubmitOptions::until(own)
        };
        if self.detach {
            // A detached job outlives its request, so it does not inherit the request's deadline.
            options.deadline = own;
        }
        let mut submission = pool.submit_with(body, options);
        if self.detach {
            submission.release();
        }
        Outcome(submission.await)
    }
}
