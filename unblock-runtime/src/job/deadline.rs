//! When a job's caller stops waiting: by its own `timeout`, or because the request that it works for has to be answered.
//!
//! Whoever answers requests keeps the deadline of each in a thread-local, around every poll of the future that works for
//! it, and what is submitted meanwhile inherits it. So it holds under any framework and for any number of requests on one
//! thread. What runs elsewhere, a task that the request's future spawns, say, inherits nothing: nobody waits for it.

use std::cell::Cell;
use std::time::Instant;

thread_local! {
    static REQUEST: Cell<Option<Request>> = const { Cell::new(None) };
}

/// The request that a thread is busy with.
#[derive(Clone, Copy)]
struct Request {
    deadline: Option<Instant>,
}

/// Calls `f` on behalf of a request that has to be answered before `deadline`, if it has one. The caller catches
/// panics, and answers for those whose payload is an [`Error`](crate::Error).
#[cfg(feature = "server")]
pub(crate) fn within<T>(deadline: Option<Instant>, f: impl FnOnce() -> T) -> T {
    struct Restore(Option<Request>);
    impl Drop for Restore {
        fn drop(&mut self) {
            REQUEST.set(self.0);
        }
    }
    let _restore = Restore(REQUEST.replace(Some(Request { deadline })));
    f()
}

/// Whether this thread is busy with a request, so that somebody answers for a call that cannot have a value.
pub(crate) fn is_in_request() -> bool {
    REQUEST.get().is_some()
}

/// The deadline of the request that this thread is busy with.
pub(crate) fn inherited() -> Option<Instant> {
    REQUEST.get().and_then(|request| request.deadline)
}

/// The caller's own, or that of the request that this thread is busy with: the nearer one.
pub(crate) fn nearer(own: Option<Instant>) -> Option<Instant> {
    match (own, inherited()) {
        (Some(own), Some(request)) => Some(own.min(request)),
        (own, request) => own.or(request),
    }
}
