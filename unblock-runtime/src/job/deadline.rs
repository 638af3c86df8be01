//! The deadline of what a thread works for: a request of the server, or a scope that a user sets.
//!
//! The caller of a job stops waiting when its own `timeout` is over, or when the request that it
//! works for has to be answered. The deadline of a request or scope is kept in a thread-local
//! around every poll of its future, and a job that is submitted meanwhile inherits it. So it works
//! under any framework, and for any number of requests on one thread. A task that the future spawns
//! inherits nothing, because nobody waits for it.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::time::{Duration, Instant};

thread_local! {
    static SCOPE: Cell<Scope> = const { Cell::new(Scope::NONE) };
}

/// Runs `future`, and has each job that is submitted while it is polled inherit a deadline, `time`
/// from now. It is for what the deadline of a request is on the [server](crate::server): all jobs
/// of one piece of work share one limit, under any framework and executor.
///
/// A job that waits when the time is over never runs, and one that runs is told by
/// [`job::is_cancelled`](crate::job::is_cancelled). Their callers get
/// [`Error::TimedOut`](crate::Error::TimedOut), and a call of an `#[unblock]` function that cannot
/// fail panics. A call with `shed` is refused if it would have to wait for longer than is left.
///
/// The nearest deadline counts: of the job's own `timeout`, of this scope, and of those around it.
/// Tasks that `future` spawns, and jobs that are [detached](crate::Submission::detach), do not
/// inherit. The time counts from this call, not from the first poll.
///
/// It sets the deadline and nothing else: `future` goes on when the time is over, so that it can
/// say what happened. Put a timeout of the executor around it to end what waits for something else
/// than a job. Dropping the returned future drops `future`, which cancels the jobs that it awaits.
///
/// ```
/// use std::time::Duration;
/// use unblock_runtime::{Error, Pool, job};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # runtime.block_on(async {
/// let pool = Pool::global();
/// let report = job::within(Duration::from_secs(2), async {
///     let rows = pool.submit(|| vec![1, 2, 3]).await?;
///     pool.submit(move || rows.len()).await // both have the same two seconds
/// });
/// assert_eq!(report.await?, 3);
/// # Ok::<(), Error>(())
/// # }).unwrap();
/// ```
pub fn within<F: Future>(time: Duration, future: F) -> impl Future<Output = F::Output> {
    // A deadline that is too far away for the clock never comes.
    let deadline = Instant::now().checked_add(time);
    async move {
        let mut future = pin!(future);
        poll_fn(|cx| in_scope(deadline, || future.as_mut().poll(cx))).await
    }
}

/// What a thread works for.
#[derive(Clone, Copy)]
pub(crate) struct Scope {
    /// The nearest of the deadlines around.
    deadline: Option<Instant>,
    /// The request of the server, if there is one.
    request: Option<Request>,
}

#[derive(Clone, Copy)]
struct Request {
    /// When the server drops the calls of the request.
    deadline: Option<Instant>,
}

impl Scope {
    pub(crate) const NONE: Self = Self { deadline: None, request: None };

    /// Calls `f` in this scope.
    pub(crate) fn enter<T>(self, f: impl FnOnce() -> T) -> T {
        struct Restore(Scope);
        impl Drop for Restore {
            fn drop(&mut self) {
                SCOPE.set(self.0);
            }
        }
        let _restore = Restore(SCOPE.replace(self));
        f()
    }
}

/// Calls `f` with a deadline for the jobs that it submits.
pub(crate) fn in_scope<T>(deadline: Option<Instant>, f: impl FnOnce() -> T) -> T {
    Scope { deadline: nearer(deadline), ..SCOPE.get() }.enter(f)
}

/// Calls `f` on behalf of a request that has to be answered before `deadline`, if it has one.
///
/// The caller catches panics, and responds to those whose payload is an [`Error`](crate::Error). It
/// also polls or drops what waits for the jobs of the request when the deadline has passed.
#[cfg(feature = "server")]
pub(crate) fn in_request<T>(deadline: Option<Instant>, f: impl FnOnce() -> T) -> T {
    Scope { deadline: nearer(deadline), request: Some(Request { deadline }) }.enter(f)
}

/// Returns true if this thread works for a request, so that a server responds when a call that
/// cannot fail has no value.
pub(crate) fn is_in_request() -> bool {
    SCOPE.get().request.is_some()
}

/// Returns true if the server looks at what this thread works for at `deadline` or before.
pub(crate) fn server_looks_before(deadline: Instant) -> bool {
    let looks = SCOPE.get().request.and_then(|request| request.deadline);
    looks.is_some_and(|looks| looks <= deadline)
}

/// Returns the nearer of the caller's own deadline and the inherited one.
pub(crate) fn nearer(own: Option<Instant>) -> Option<Instant> {
    own.into_iter().chain(SCOPE.get().deadline).min()
}
