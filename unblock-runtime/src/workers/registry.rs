//! The workers of a pool, and those of them that are idle.

use std::sync::Arc;

use super::slot::{WorkerSlot, WorkerState};

/// The number of blocked workers that one sample includes, to find those that run again.
const BLOCKED_PER_SAMPLE: usize = 32;

#[derive(Default)]
pub(super) struct Registry {
    pub(super) workers: Vec<Arc<WorkerSlot>>,
    /// Workers without a permit and without a job. The last one to come is the first to be woken,
    /// so that those at the bottom can leave after `keep_alive`.
    pub(super) idle: Vec<Arc<WorkerSlot>>,
    /// The index of the worker at which the next sample begins to look for blocked workers.
    next_blocked: usize,
    /// The number of workers that were ever registered.
    pub(super) registered: usize,
    /// Set when the pool has ended. It is never cleared.
    pub(super) dismissed: bool,
}

impl Registry {
    /// Removes a worker. Returns false if another thread has woken it meanwhile.
    pub(super) fn remove(&mut self, slot: &Arc<WorkerSlot>) -> bool {
        if matches!(slot.state.get(), WorkerState::WakingToRun | WorkerState::WakingToBlock) {
            return false;
        }
        self.idle.retain(|other| !Arc::ptr_eq(other, slot));
        self.workers.retain(|other| !Arc::ptr_eq(other, slot));
        true
    }

    /// Returns the workers for the next sample: all that run or were woken, and some of the blocked
    /// ones in turn.
    pub(super) fn next_sample(&mut self) -> Vec<Arc<WorkerSlot>> {
        let is_blocked = |slot: &&Arc<WorkerSlot>| slot.state.get() == WorkerState::Blocked;
        let is_awake = |slot: &&Arc<WorkerSlot>| {
            !matches!(slot.state.get(), WorkerState::Blocked | WorkerState::Idle)
        };
        let mut sample: Vec<_> = self.workers.iter().filter(is_awake).cloned().collect();
        let start = self.next_blocked.min(self.workers.len());
        let (before, after) = self.workers.split_at(start);
        let awake = sample.len();
        let in_turn = after.iter().chain(before).filter(is_blocked).take(BLOCKED_PER_SAMPLE);
        sample.extend(in_turn.cloned());
        // Blocked workers may be close together, and then the next sample has some of them again.
        let next = start + sample.len() - awake;
        self.next_blocked = if next < self.workers.len() { next } else { 0 };
        sample
    }
}
