//! Names for generated code. Not public API.

mod argument;
mod outcome;

use std::time::{Duration, Instant};

pub use self::argument::{Owned, moved, own};
pub use self::outcome::{ByError, ByPanic, Outcome, fallible};
use crate::job::Order;
use crate::job::deadline;
pub use crate::job::handler::Handler;
use crate::pool::Pool;

/// How one call is to be made.
#[must_use]
pub struct Call<'a> {
    handler: &'static Handler,
    pool: Option<&'a Pool>,
    timeout: Option<Duration>,
    shed: bool,
    detach: bool,
}

impl<'a> Call<'a> {
    /// On the global pool, waiting as long as it takes.
    pub fn new(handler: &'static Handler) -> Self {
        Self { handler, pool: None, timeout: None, shed: false, detach: false }
    }

    /// `pool = …`
    pub fn pool(mut self, pool: &'a Pool) -> Self {
        self.pool = Some(pool);
        self
    }

    /// `timeout = …`
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// `shed`
    pub fn shed(mut self) -> Self {
        self.shed = true;
        self
    }

    /// `detach`
    pub fn detach(mut self) -> Self {
        self.detach = true;
        self
    }

    /// Submits the body at its first poll, and waits for what it ends with.
    pub async fn run<R, F>(self, body: F) -> Outcome<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static, // It comes from another thread: `Arc` for `Rc`, errors as `Box<dyn Error + Send + Sync>`.
    {
        let pool = self.pool.unwrap_or_else(|| Pool::global());
        let own = self.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        // What is detached is of use to others than its request.
        let deadline = if self.detach { own } else { deadline::nearer(own) };
        let order = Order { handler: Some(self.handler), deadline, shed: self.shed };
        let mut submission = pool.submit_as(body, order);
        if self.detach {
            submission.set_detached();
        }
        Outcome(submission.await)
    }
}
