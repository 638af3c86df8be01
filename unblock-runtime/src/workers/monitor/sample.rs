//! A sample of the workers: which of those with a permit are asleep, and which of the blocked run
//! again.

use std::sync::Arc;

use crate::sync::atomic::Ordering;
use crate::workers::Workers;
use crate::workers::os_thread::{CoreTime, ThreadId, ThreadState};
use crate::workers::permits::Counts;
use crate::workers::profile::{JobType, Learned};
use crate::workers::slot::{WorkerSlot, WorkerState};

#[derive(Debug, Default, Clone, Copy)]
pub(in crate::workers) struct Sample {
    /// Number of workers with a permit that run.
    pub(super) running: usize,
    /// Number of workers that were found asleep. Their permits were taken and are free now.
    pub(super) asleep: usize,
    /// Number of workers that were woken for a blocking job and are not awake yet.
    pub(in crate::workers) waking_to_block: usize,
    /// Number of workers whose state the platform could not tell.
    pub(super) unknown: usize,
    /// True if jobs of some type count as blocking now, or do so no more.
    pub(super) profiles_changed: bool,
}

impl Workers {
    /// Samples the workers. Takes the permits of those that are asleep, and gives those that run
    /// again theirs back.
    ///
    /// A worker that was woken and is not awake yet is asleep in no job, so its permit stays. If
    /// the monitor and a worker change a state at once, one compare-and-swap succeeds, and the
    /// other thread sees the new state and adjusts nothing.
    pub(in crate::workers) fn sample(
        &self,
        state: impl Fn(ThreadId) -> Option<ThreadState>,
    ) -> Sample {
        let mut sample = Sample::default();
        let slots = self.registry.lock().next_sample();
        for slot in slots {
            let worker_state = slot.state.get();
            if worker_state == WorkerState::WakingToBlock {
                sample.waking_to_block += 1;
                continue;
            }
            let Some(id) = slot.thread_id() else { continue };
            if worker_state == WorkerState::WakingToRun {
                sample.running += 1;
                continue;
            }
            let Some(thread_state) = state(id) else {
                sample.unknown += 1;
                continue;
            };
            let counts = thread_state == ThreadState::Asleep || slot.computes(id);
            if let Some(job_type) = slot.job_type().filter(|_| counts) {
                let learned = job_type.profile().observe(thread_state);
                sample.profiles_changed |= learned == Learned::Change;
            }
            match (worker_state, thread_state) {
                (WorkerState::Running, ThreadState::Asleep)
                    if slot.state.change(WorkerState::Running, WorkerState::Blocked) =>
                {
                    self.permits.give_back(Counts::PERMIT);
                    sample.asleep += 1;
                }
                (WorkerState::Blocked, ThreadState::Awake) => {
                    self.permits.add(Counts::PERMIT);
                    if slot.state.change(WorkerState::Blocked, WorkerState::Running) {
                        sample.running += 1;
                    } else {
                        self.permits.give_back(Counts::PERMIT);
                    }
                }
                (WorkerState::Running, _) => sample.running += 1,
                _ => {}
            }
        }
        let is_blocked = |slot: &&Arc<WorkerSlot>| slot.state.get() == WorkerState::Blocked;
        let blocked = self.registry.lock().workers.iter().filter(is_blocked).count();
        self.set_asleep(blocked.saturating_sub(self.in_blocking.load(Ordering::SeqCst)));
        sample
    }

    /// Returns how long each worker with a permit has run and waited for a core, by their numbers,
    /// and each of those that will be woken first.
    pub(super) fn core_times(&self) -> Vec<(usize, CoreTime)> {
        let slots: Vec<_> = {
            let registry = self.registry.lock();
            let running = registry.workers.iter().filter(|slot| slot.has_permit());
            let idle = registry.idle.iter().rev().take(self.parallelism() as usize);
            running.chain(idle).cloned().collect()
        };
        let times = slots.iter().map(|slot| Some((slot.number(), slot.thread_id()?.core_time()?)));
        times.flatten().collect()
    }

    /// Returns true if a worker runs a job of this type.
    pub(super) fn any_runs(&self, job_type: JobType) -> bool {
        let registry = self.registry.lock();
        registry.workers.iter().any(|slot| slot.job_type() == Some(job_type))
    }
}
