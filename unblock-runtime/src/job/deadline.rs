//! The deadline of the request for which a thread works.
//!
//! The caller of a job stops waiting when its own `timeout` is over, or when the request that it
//! works for has to be answered. A server keeps the deadline of each request in a thread-local
//! around every poll of the request's future, and a job that is submitted meanwhile inherits it. So
//! it works under any framework, and for any number of requests on one thread. A task that the
//! request's future spawns inherits nothing, because nobody waits for it.

use std::cell::Cell;
use std::time::Instant;

thread_local! {
    static REQUEST: Cell<Option<Request>> = const { Cell::new(None) };
}

/// The request for which a thread works.
#[derive(Clone, Copy)]
struct Request {
    deadline: Option<Instant>,
}

/// Calls `f` on behalf of a request that has to be answered before `deadline`, if it has one.
///
/// The caller catches panics, and responds to those whose payload is an [`Error`](crate::Error).
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

/// Returns true if this thread works for a request, so that a server responds when a call that
/// cannot fail has no value.
pub(crate) fn is_in_request() -> bool {
    REQUEST.get().is_some()
}

/// Returns the deadline of the request for which this thread works.
pub(crate) fn inherited() -> Option<Instant> {
    REQUEST.get().and_then(|request| request.deadline)
}

/// Returns the nearer of the caller's own deadline and the inherited one.
pub(crate) fn nearer(own: Option<Instant>) -> Option<Instant> {
    match (own, inherited()) {
        (Some(own), Some(request)) => Some(own.min(request)),
        (own, request) => own.or(request),
    }
}
