//! Where a job comes from: the pool that it was submitted to, and the event loop that submitted it
//! and nearly always awaits it.
//!
//! A job needs both until it is over. Counting its references to each would be two writes per job
//! to cache lines that other threads write too. So each thread caches the origin that it used last,
//! and its jobs share that behind one count, which hardly any other thread writes.

use std::cell::RefCell;
use std::sync::Arc;

use crossbeam_utils::CachePadded;

use crate::event_loop::LoopHandle;
use crate::pool::Shared;

#[derive(Clone)]
pub(crate) struct Origin(Arc<CachePadded<Parts>>);

struct Parts {
    pool: Arc<Shared>,
    submitter_loop: Option<LoopHandle>,
}

thread_local! {
    static LAST: RefCell<Option<Origin>> = const { RefCell::new(None) };
}

impl Origin {
    /// The origin of a job that this thread submits to `pool` now.
    #[inline]
    pub(crate) fn here(pool: &Arc<Shared>) -> Self {
        let last = LAST.try_with(|last| {
            let mut last = last.borrow_mut();
            match &*last {
                Some(origin) if origin.is_here(pool) => origin.clone(),
                _ => last.insert(Self::new(pool)).clone(),
            }
        });
        // The thread may be ending, with its locals gone.
        last.unwrap_or_else(|_| Self::new(pool))
    }

    fn new(pool: &Arc<Shared>) -> Self {
        let parts = Parts { pool: Arc::clone(pool), submitter_loop: LoopHandle::current() };
        Self(Arc::new(CachePadded::new(parts)))
    }

    #[inline]
    fn is_here(&self, pool: &Arc<Shared>) -> bool {
        Arc::ptr_eq(&self.0.pool, pool) && LoopHandle::is_current(self.submitter_loop())
    }

    pub(crate) fn pool(&self) -> &Arc<Shared> {
        &self.0.pool
    }

    pub(crate) fn submitter_loop(&self) -> Option<&LoopHandle> {
        self.0.submitter_loop.as_ref()
    }
}
