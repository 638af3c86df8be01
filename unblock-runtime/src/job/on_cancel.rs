//! What is to happen when a running job is cancelled.
//!
//! # The invariant
//!
//! *A hook is called at most once, and it is called if its job is cancelled while it is
//! registered.* Whoever takes it out of the list, under the lock, has it: the thread that cancels,
//! which calls it after the lock is released, or the guard, which drops it. The winners of the
//! races:
//!
//! - The registration against the cancellation: a thread that cancels first makes
//!   [`is_cancelled`](super::is_cancelled) true and then looks into the list; one that registers
//!   first puts the hook into the list and then asks `is_cancelled`. So one of the two finds it.
//! - The guard against the cancellation: the first to take the lock.

use std::fmt;
use std::sync::Arc;

use super::{Run, context};
use crate::pool::Shared;
use crate::sync::Mutex;
use crate::unwind;

/// Has `hook` called if the running job is cancelled while the guard lives: when its caller goes
/// away or cancels, when its caller is told that the deadline has passed, or when a
/// [shutdown](crate::Pool::shutdown) of its pool runs out of time. If it is cancelled already,
/// `hook` is called at once.
///
/// It ends what [`is_cancelled`](super::is_cancelled) cannot reach: a query that runs inside of a
/// database's library, a read from a socket. `hook` is called at most once, on the thread that
/// cancels, which may be an event loop's, so it must not block; a panic in it is logged. While the
/// guard is dropped, another thread may be in the middle of the call. Outside of a job nothing
/// happens.
///
/// ```
/// use std::net::{Shutdown, TcpStream};
/// use unblock_runtime::{job, unblock};
///
/// #[unblock]
/// fn fetch(mut stream: TcpStream) -> std::io::Result<Vec<u8>> {
///     let handle = stream.try_clone()?;
///     let _guard = job::on_cancel(move || {
///         let _ = handle.shutdown(Shutdown::Both); // the read below returns
///     });
///     let mut text = Vec::new();
///     std::io::Read::read_to_end(&mut stream, &mut text)?;
///     Ok(text)
/// }
/// ```
pub fn on_cancel(hook: impl FnOnce() + Send + 'static) -> OnCancel {
    let Some(job) = context::current() else { return OnCancel(None) };
    let pool = Arc::clone(job.pool());
    let number = pool.cancel_hooks.add(job, Box::new(hook));
    let guard = OnCancel(Some((pool, number)));
    if super::is_cancelled() {
        guard.call_now();
    }
    guard
}

/// Keeps a hook registered; from [`on_cancel`].
#[must_use = "the hook is forgotten when this is dropped"]
pub struct OnCancel(Option<(Arc<Shared>, u64)>);

impl OnCancel {
    fn call_now(&self) {
        if let Some(hook) = self.take() {
            call(hook);
        }
    }

    fn take(&self) -> Option<Hook> {
        let (pool, number) = self.0.as_ref()?;
        pool.cancel_hooks.take(*number)
    }
}

impl Drop for OnCancel {
    fn drop(&mut self) {
        drop(self.take());
    }
}

impl fmt::Debug for OnCancel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnCancel").finish_non_exhaustive()
    }
}

/// The hooks of the running jobs of a pool.
pub(crate) struct CancelHooks(Mutex<Hooks>);

struct Hooks {
    next: u64,
    hooks: Vec<Hook>,
}

struct Hook {
    number: u64,
    /// The job. It is kept as long as the hook, so that no other job has its address.
    job: Arc<dyn Run>,
    call: Box<dyn FnOnce() + Send>,
}

impl Hook {
    fn job_address(&self) -> usize {
        Arc::as_ptr(&self.job).addr()
    }
}

impl CancelHooks {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Hooks { next: 0, hooks: Vec::new() }))
    }

    fn add(&self, job: Arc<dyn Run>, call: Box<dyn FnOnce() + Send>) -> u64 {
        let mut hooks = self.0.lock();
        let number = hooks.next;
        hooks.next += 1;
        hooks.hooks.push(Hook { number, job, call });
        number
    }

    fn take(&self, number: u64) -> Option<Hook> {
        let mut hooks = self.0.lock();
        let at = hooks.hooks.iter().position(|hook| hook.number == number)?;
        Some(hooks.hooks.swap_remove(at))
    }

    /// Calls the hooks of a job that is cancelled. Nothing of it can be asked any more but its
    /// address.
    pub(crate) fn call_those_of(&self, job_address: usize) {
        self.call_if(|hook| hook.job_address() == job_address);
    }

    /// Calls all hooks, because a shutdown has run out of time.
    pub(crate) fn call_all(&self) {
        self.call_if(|_| true);
    }

    fn call_if(&self, is_meant: impl Fn(&Hook) -> bool) {
        let meant: Vec<Hook> = self.0.lock().hooks.extract_if(.., |hook| is_meant(hook)).collect();
        meant.into_iter().for_each(call);
    }
}

fn call(hook: Hook) {
    let Hook { job, call, .. } = hook;
    unwind::contain("a hook of a cancelled job", call);
    drop(job);
}
