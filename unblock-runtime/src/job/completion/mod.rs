//! Where a job's work waits and its outcome arrives: exactly one outcome per job, handed over once.
//!
//! ```text
//!            begin            complete             poll
//! Queued ─────────────▶ Running ─────────▶ Ready ─────────▶ Taken
//!    │   abort, expire            expire     ▲
//!    └───────────────────────────────────────┘
//! ```
//!
//! # The invariant
//!
//! *The stage only moves forward, under the one lock or while only one thread knows the job. The
//! move into `Ready` happens once. The thread that makes it takes the awaiter along, and notifies
//! it after the lock is released.* The winners of the races:
//!
//! - `begin` against `abort` or `expire`: the first to take the lock. After `begin` an abort
//!   changes nothing. After an abort `begin` returns nothing, and the thread that aborted drops the
//!   work.
//! - `complete` against `expire`: the first to take the lock. A value that comes after its caller
//!   was told `TimedOut` is handed back to the worker, which drops it.
//! - `poll` against any move into `Ready`: `poll` leaves its awaiter in the critical section in
//!   which it finds nothing, so the move that follows finds the awaiter. A second poll replaces the
//!   awaiter: the newest is notified.
//! - The closure `count` of each move runs under the lock, so that a thread that sees an outcome
//!   finds it counted.

use std::task::{Context, Poll, Waker};

use crate::error::Error;
use crate::event_loop::{LoopHandle, Waiter, notify};
use crate::sync::{Mutex, MutexGuard};

/// Most methods ask for `submitter`, the event loop that submitted the job. It is always the same.
pub(crate) struct Completion<F, T> {
    cell: Mutex<Cell<F, T>>,
}

/// Where a job was when its deadline passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expired {
    Queued,
    Running,
}

struct Cell<F, T> {
    stage: Stage<F, T>,
    awaiter: Option<Awaiter>,
    /// Set when the work was taken to be run. It is never cleared.
    has_begun: bool,
}

enum Stage<F, T> {
    Queued(F),
    Running,
    Ready(Result<T, Error>),
    Taken,
}

/// The task that awaits an outcome.
enum Awaiter {
    /// A task of the event loop that submitted the job.
    OnSubmitterLoop(Waker),
    /// A task that another thread polls.
    OnOtherTask(Box<Waiter>),
}

impl<F, T> Completion<F, T> {
    pub(crate) fn new(work: F) -> Self {
        let cell = Cell { stage: Stage::Queued(work), awaiter: None, has_begun: false };
        Self { cell: Mutex::new(cell) }
    }

    /// Takes the work to run it, unless the job is over.
    pub(crate) fn begin(&self, count: impl FnOnce()) -> Option<F> {
        let mut cell = self.cell.lock();
        match std::mem::replace(&mut cell.stage, Stage::Running) {
            Stage::Queued(work) => {
                cell.has_begun = true;
                count();
                Some(work)
            }
            over => {
                cell.stage = over;
                None
            }
        }
    }

    /// Stores the outcome of the work and notifies the caller. If the caller has an outcome
    /// already, this one is handed back.
    pub(crate) fn complete(
        &self,
        outcome: Result<T, Error>,
        submitter: Option<&LoopHandle>,
        count: impl FnOnce(&Result<T, Error>),
        count_late: impl FnOnce(),
    ) -> Option<Result<T, Error>> {
        let cell = self.cell.lock();
        if !matches!(cell.stage, Stage::Running) {
            count_late();
            return Some(outcome);
        }
        count(&outcome);
        make_ready(cell, outcome, submitter);
        None
    }

    /// Ends a job that has not begun. Hands its work back, to be dropped without the lock.
    pub(crate) fn abort(
        &self,
        error: Error,
        submitter: Option<&LoopHandle>,
        count: impl FnOnce(),
    ) -> Option<F> {
        let mut cell = self.cell.lock();
        match std::mem::replace(&mut cell.stage, Stage::Taken) {
            Stage::Queued(work) => {
                count();
                make_ready(cell, Err(error), submitter);
                Some(work)
            }
            begun => {
                cell.stage = begun;
                None
            }
        }
    }

    /// Gives the caller `TimedOut`, wherever the job is. Hands work that had not begun back.
    pub(crate) fn expire(
        &self,
        submitter: Option<&LoopHandle>,
        count: impl FnOnce(Expired),
    ) -> Option<F> {
        let mut cell = self.cell.lock();
        let work = match std::mem::replace(&mut cell.stage, Stage::Taken) {
            Stage::Queued(work) => {
                count(Expired::Queued);
                Some(work)
            }
            Stage::Running => {
                count(Expired::Running);
                None
            }
            over => {
                cell.stage = over;
                return None;
            }
        };
        make_ready(cell, Err(Error::TimedOut), submitter);
        work
    }

    pub(crate) fn poll(
        &self,
        cx: &Context<'_>,
        submitter: Option<&LoopHandle>,
    ) -> Poll<Result<T, Error>> {
        let mut cell = self.cell.lock();
        if let Some(outcome) = cell.stage.take_outcome() {
            return Poll::Ready(outcome);
        }
        assert!(
            !matches!(cell.stage, Stage::Taken),
            "a submission was polled after it gave its outcome"
        );
        let replaced = set_awaiter(&mut cell.awaiter, cx, submitter);
        drop(cell);
        drop(replaced);
        Poll::Pending
    }

    /// Takes the outcome if it is there. No lock is needed, because no other thread has the job.
    pub(crate) fn take(&mut self) -> Option<Result<T, Error>> {
        self.cell.get_mut().stage.take_outcome()
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.cell.lock().has_begun
    }

    /// Returns true if the outcome has arrived.
    pub(crate) fn is_finished(&self) -> bool {
        matches!(self.cell.lock().stage, Stage::Ready(_) | Stage::Taken)
    }

    /// Returns true if nothing is left to run: the job has begun, or will never begin.
    pub(crate) fn is_past_queue(&self) -> bool {
        !matches!(self.cell.lock().stage, Stage::Queued(_))
    }
}

impl<F, T> Stage<F, T> {
    /// Takes the outcome if it is there. It looks first, because work that is still there may be
    /// large and is not to be moved.
    fn take_outcome(&mut self) -> Option<Result<T, Error>> {
        if !matches!(self, Self::Ready(_)) {
            return None;
        }
        match std::mem::replace(self, Self::Taken) {
            Self::Ready(outcome) => Some(outcome),
            _ => None,
        }
    }
}

/// Puts the polling task into `slot`. Returns the one that was there, to be dropped without the
/// lock.
fn set_awaiter(
    slot: &mut Option<Awaiter>,
    cx: &Context<'_>,
    submitter: Option<&LoopHandle>,
) -> Option<Awaiter> {
    if !LoopHandle::is_current(submitter) {
        return slot.replace(Awaiter::OnOtherTask(Box::new(Waiter::new(cx))));
    }
    match slot {
        Some(Awaiter::OnSubmitterLoop(waker)) if waker.will_wake(cx.waker()) => None,
        _ => slot.replace(Awaiter::OnSubmitterLoop(cx.waker().clone())),
    }
}

/// Moves the stage into `Ready`, and notifies the awaiter after the lock is released.
fn make_ready<F, T>(
    mut cell: MutexGuard<'_, Cell<F, T>>,
    outcome: Result<T, Error>,
    submitter: Option<&LoopHandle>,
) {
    cell.stage = Stage::Ready(outcome);
    let awaiter = cell.awaiter.take();
    drop(cell);
    match awaiter {
        Some(Awaiter::OnSubmitterLoop(waker)) => notify(waker, submitter),
        Some(Awaiter::OnOtherTask(waiter)) => waiter.notify(),
        None => {}
    }
}

#[cfg(all(test, loom))]
mod model;
