//! The probe: one job of a type of which too little is known, sent ahead to show what it does.
//!
//! A blocking job that waits behind computing ones shows that it blocks only when the queue has
//! come to it, which is too late for the jobs of its type that wait with it. So while work waits
//! and no worker may take it, the monitor puts one such job into the blocking lane. There a worker
//! finds it that needs no permit, and the next samples see the job asleep or awake. A probe that
//! ends too soon to be seen is short, as its worker notes: it needs no lane of its own.
//!
//! There is one probe at a time. (Bench `sizing`, row "both at once: the last to sleep, from cold":
//! 1.04 of the ideal with it, and 1.64 with a build without it.)

use crate::pool::Shared;
use crate::queue::{Behavior, Change};
use crate::workers::profile::JobType;

/// The number of samples after which a probe that left the lane, and that no worker runs, counts as
/// gone: it was cancelled. A worker that has taken it and gets no core needs some of them.
const PATIENCE: u32 = 16;

/// ```text
///        send          step: a worker runs it          step: it was sampled
/// None ────────▶ Sent ────────────────────────▶ Running ────────────────────▶ None
///                 │ step: its type is decided, or it is gone
///                 └─────────────────────────────────────────────────────────▶ None
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Probe {
    None,
    /// It waits in the blocking lane, or a worker has just taken it out.
    Sent {
        job_type: JobType,
        patience: u32,
    },
    /// A worker runs it, or another job of its type.
    Running,
}

impl Probe {
    pub(super) fn is_out(self) -> bool {
        self != Self::None
    }

    /// Follows the probe. To be called after each sample.
    pub(super) fn step(&mut self, pool: &Shared) {
        let Self::Sent { job_type, patience } = *self else {
            *self = Self::None;
            return;
        };
        *self = if job_type.profile().behavior() != Behavior::Unknown {
            Self::None
        } else if pool.queue.has_blocking() {
            *self
        } else if pool.workers.any_runs(job_type) {
            Self::Running
        } else if patience > 0 {
            Self::Sent { job_type, patience: patience - 1 }
        } else {
            Self::None
        };
    }

    /// Sends a probe if none is out and one may be sent.
    ///
    /// A probe that turns out to compute oversubscribes the cores by one, so none is sent while
    /// they are oversubscribed already. The blocking lane must be empty, because the jobs in front
    /// of a probe might wait for it.
    pub(super) fn send(&mut self, pool: &Shared) -> Change {
        let workers = &pool.workers;
        let may_send = *self == Self::None
            && !workers.are_oversubscribed()
            && workers.blocking_slots_left() > 0
            && !pool.queue.has_blocking();
        if !may_send {
            return Change::Nothing;
        }
        pool.queue.send_ahead(|job| {
            *self = Self::Sent { job_type: job.header().job_type, patience: PATIENCE };
        })
    }
}
