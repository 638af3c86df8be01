//! Pools without threads, without the feature `test-util`: there are none.

use std::sync::Arc;

use super::Shared;
use crate::job::Run;
use crate::queue::Entry;

#[derive(Debug, Clone, Copy)]
pub(super) enum When {}

pub(crate) enum CallerRuns {}

impl CallerRuns {
    pub(super) fn new(when: When) -> Self {
        match when {}
    }

    pub(super) fn is_on_demand(&self) -> bool {
        match *self {}
    }

    pub(super) fn try_enter(&self, _pool: &Shared, _job: &Arc<dyn Run>) -> Entry {
        match *self {}
    }

    pub(crate) fn run_until(&self, _pool: &Shared, _is_over: impl Fn() -> bool) {
        match *self {}
    }

    pub(crate) fn assert_can_end(&self, _pool: &Shared, _job: &dyn Run) {
        match *self {}
    }
}

pub(crate) fn running_job() -> Option<Arc<dyn Run>> {
    None
}

pub(crate) fn is_in_job() -> bool {
    false
}
