//! Where a job comes from: the pool that it was submitted to, and the loop that submitted it and nearly always awaits it.
//!
//! A job needs both until it is over. To count its references to each would be two writes to lines that others use too, for
//! every job; so a thread keeps the pair that it used last, and its jobs share that behind one count, which hardly anybody
//! else writes to.

use std::cell::RefCell;
use std::sync::Arc;

use crossbeam_utils::CachePadded;

use crate::event_loop::LoopHandle;
use crate::pool::Shared;

#[derive(Clone)]
pub(crate) struct Origin(Arc<CachePadded<Pair>>);

struct Pair {
    pool: Arc<Shared>,
    home: Option<LoopHandle>,
}

thread_local! {
    static LAST: RefCell<Option<Origin>> = const { RefCell::new(None) };
}

impl Origin {
    /// Of what this thread submits to `pool` now.
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
        let home = LoopHandle::current();
        Self(Arc::new(CachePadded::new(Pair { pool: Arc::clone(pool), home })))
    }

    #[inline]
    fn is_here(&self, pool: &Arc<Shared>) -> bool {
        Arc::ptr_eq(&self.0.pool, pool) && LoopHandle::is_current(self.home())
    }

    pub(crate) fn pool(&self) -> &Arc<Shared> {
        &self.0.pool
    }

    pub(crate) fn home(&self) -> Option<&LoopHandle> {
        self.0.home.as_ref()
    }
}
