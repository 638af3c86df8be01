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
//! *The stage only moves forward, under the one lock or where nobody shares the job any more; the move into `Ready` happens once, and whoever makes it
//! takes the waiter along and notifies it after the lock is released.* Who wins each race:
//!
//! - begin against abort or expire: the first to take the lock. After `begin` an abort changes nothing; after an
//!   abort `begin` gives nothing, and the work is dropped by whoever aborted.
//! - complete against expire: the first to take the lock. A value that comes after its deadline was answered is
//!   handed back to the worker and dropped there: it cannot reach anybody.
//! - poll against any move into `Ready`: poll leaves its waiter in the same critical section in which it finds
//!   nothing, so the move that follows finds the waiter. A second poll replaces the waiter: the newest is notified.
//! - The closure `count` of each move runs under the lock, so that whoever sees an outcome finds it counted.

use std::task::{Context, Poll, Waker};

use crate::error::Error;
use crate::event_loop::LoopHandle;
use crate::sync::{Mutex, MutexGuard};
use crate::unwind;

/// `home`, which most of its methods ask for, is the loop that submitted the job: always the same.
pub(crate) struct Completion<F, T> {
    cell: Mutex<Cell<F, T>>,
}

struct Cell<F, T> {
    stage: Stage<F, T>,
    waiter: Option<Awaiter>,
}

enum Stage<F, T> {
    Queued(F),
    Running,
    Ready(Result<T, Error>),
    Taken,
}

impl<F, T> Stage<F, T> {
    /// Looks before it takes: work that is still there is not to be moved, which may be long.
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

/// Where a job was when its deadline passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expired {
    Queued,
    Running,
}

impl<F, T> Completion<F, T> {
    pub(crate) fn new(work: F) -> Self {
        Self { cell: Mutex::new(Cell { stage: Stage::Queued(work), waiter: None }) }
    }

    /// Takes the work to run it, unless the job is over.
    pub(crate) fn begin(&self, count: impl FnOnce()) -> Option<F> {
        let mut cell = self.cell.lock();
        match std::mem::replace(&mut cell.stage, Stage::Running) {
            Stage::Queued(work) => {
                count();
                Some(work)
            }
            over => {
                cell.stage = over;
                None
            }
        }
    }

    /// Stores what the work ended with and notifies the caller. If the caller has its answer already, the outcome
    /// is handed back.
    pub(crate) fn complete(
        &self,
        outcome: Result<T, Error>,
        home: Option<&LoopHandle>,
        count: impl FnOnce(&Result<T, Error>),
        count_late: impl FnOnce(),
    ) -> Option<Result<T, Error>> {
        let cell = self.cell.lock();
        if !matches!(cell.stage, Stage::Running) {
            count_late();
            return Some(outcome);
        }
        count(&outcome);
        settle(cell, outcome, home);
        None
    }

    /// Ends a job that has not begun. Its work is handed back, to be dropped outside of the lock.
    pub(crate) fn abort(
        &self,
        error: Error,
        home: Option<&LoopHandle>,
        count: impl FnOnce(),
    ) -> Option<F> {
        let mut cell = self.cell.lock();
        match std::mem::replace(&mut cell.stage, Stage::Taken) {
            Stage::Queued(work) => {
                count();
                settle(cell, Err(error), home);
                Some(work)
            }
            begun => {
                cell.stage = begun;
                None
            }
        }
    }

    /// Gives the caller `TimedOut`, wherever the job is. Work that had not begun is handed back.
    pub(crate) fn expire(
        &self,
        home: Option<&LoopHandle>,
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
        settle(cell, Err(Error::TimedOut), home);
        work
    }

    pub(crate) fn poll(
        &self,
        cx: &Context<'_>,
        home: Option<&LoopHandle>,
    ) -> Poll<Result<T, Error>> {
        let mut cell = self.cell.lock();
        if let Some(outcome) = cell.stage.take_outcome() {
            return Poll::Ready(outcome);
        }
        assert!(
            !matches!(cell.stage, Stage::Taken),
            "a submission was polled after it gave its outcome"
        );
        let replaced = set_waiter(&mut cell.waiter, cx, home);
        drop(cell);
        drop(replaced);
        Poll::Pending
    }

    /// The outcome, if it is there. For a caller with whom nobody shares the job any more: no lock is needed then.
    pub(crate) fn take(&mut self) -> Option<Result<T, Error>> {
        self.cell.get_mut().stage.take_outcome()
    }

    /// Whether nothing is left to run: the job has begun, or will never begin.
    pub(crate) fn is_past_queue(&self) -> bool {
        !matches!(self.cell.lock().stage, Stage::Queued(_))
    }
}

/// Puts the polling task in `slot`; gives back the one that was there, to be dropped outside of the lock.
fn set_waiter(
    slot: &mut Option<Awaiter>,
    cx: &Context<'_>,
    home: Option<&LoopHandle>,
) -> Option<Awaiter> {
    if !LoopHandle::is_current(home) {
        return slot.replace(Awaiter::Elsewhere(Box::new(Waiter::new(cx))));
    }
    match slot {
        Some(Awaiter::AtHome(waker)) if waker.will_wake(cx.waker()) => None,
        _ => slot.replace(Awaiter::AtHome(cx.waker().clone())),
    }
}

/// The move into `Ready`: takes the waiter along, and notifies it after the lock is released.
fn settle<F, T>(
    mut cell: MutexGuard<'_, Cell<F, T>>,
    outcome: Result<T, Error>,
    home: Option<&LoopHandle>,
) {
    cell.stage = Stage::Ready(outcome);
    let awaiter = cell.waiter.take();
    drop(cell);
    match awaiter {
        Some(Awaiter::AtHome(waker)) => notify(waker, home),
        Some(Awaiter::Elsewhere(waiter)) => waiter.notify(),
        None => {}
    }
}

/// Who waits for an outcome.
enum Awaiter {
    /// A task of the loop that submitted the job.
    AtHome(Waker),
    /// A task that was moved away from there.
    Elsewhere(Box<Waiter>),
}

/// A task that waits, and the loop whose mailbox it is reached through.
pub(crate) struct Waiter {
    waker: Waker,
    home: Option<LoopHandle>,
}

impl Waiter {
    pub(crate) fn new(cx: &Context<'_>) -> Self {
        Self { waker: cx.waker().clone(), home: LoopHandle::current() }
    }

    pub(crate) fn notify(self) {
        notify(self.waker, self.home.as_ref());
    }
}

/// A waker is its executor's code: a panic in it must not keep whoever notifies from what is left to do.
fn notify(waker: Waker, home: Option<&LoopHandle>) {
    unwind::contain("a waker", || match home {
        Some(home) => home.wake(waker),
        None => waker.wake(),
    });
}

#[cfg(all(test, loom))]
mod model;
