//! A worker as the others see it: where it stands, and what it is called for.

use std::sync::OnceLock;

use crate::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use crate::sync::thread;
use crate::workers::os_thread::ThreadId;
use crate::workers::profile::Kind;

/// A worker as the others see it.
pub(crate) struct Seat {
    number: usize,
    pub(super) standing: AtomicU8,
    thread: OnceLock<thread::Thread>,
    pub(super) id: OnceLock<ThreadId>,
    /// What it runs: a kind's number, with a bit for a scout.
    job: AtomicU32,
}

const NO_JOB: u32 = u32::MAX;
const SCOUT: u32 = 1 << 16;

/// Without a token.
pub(super) const OFF: u8 = 0;
/// Given a token, which is counted in `active`, and not awake yet. Its own worker alone changes this.
pub(super) const CALLED: u8 = 1;
/// With a token, which is counted in `active`.
pub(super) const ON: u8 = 2;
/// In a job that sleeps, without a token: it was taken or given away.
pub(super) const NAP: u8 = 3;
/// Called without a token to run what sleeps, and not awake yet. Its own worker alone changes this.
pub(super) const SENT: u8 = 4;

impl Seat {
    /// The seat of a worker that is yet to start.
    pub(super) fn new(number: usize, errand: Errand) -> Self {
        Self {
            number,
            standing: AtomicU8::new(errand.standing()),
            thread: OnceLock::new(),
            id: OnceLock::new(),
            job: AtomicU32::new(NO_JOB),
        }
    }

    /// How many were hired before it; its thread's name holds it.
    pub(crate) fn number(&self) -> usize {
        self.number
    }

    /// Makes the calling thread the one in this seat. Gives what it was hired for.
    pub(crate) fn occupy(&self) -> Option<Errand> {
        let _ = self.thread.set(thread::current());
        let _ = self.id.set(ThreadId::current());
        self.answer_call()
    }

    /// What this seat's worker is called for, if it is.
    pub(super) fn answer_call(&self) -> Option<Errand> {
        if self.change(CALLED, ON) {
            Some(Errand::Any)
        } else if self.change(SENT, NAP) {
            Some(Errand::Sleeper)
        } else {
            None
        }
    }

    pub(crate) fn has_token(&self) -> bool {
        self.standing.load(Ordering::SeqCst) == ON
    }

    /// Its worker begins a job of this kind.
    pub(crate) fn begin(&self, kind: Kind, is_scout: bool) {
        let job = u32::from(kind.number()) | if is_scout { SCOUT } else { 0 };
        self.job.store(job, Ordering::Relaxed);
    }

    /// The job has ended. Whether it was a scout that nobody has seen.
    pub(crate) fn end(&self) -> bool {
        let job = self.job.swap(NO_JOB, Ordering::Relaxed);
        job != NO_JOB && job & SCOUT != 0
    }

    /// The kind of the job that its worker runs, or ran a moment ago.
    pub(super) fn kind(&self) -> Option<Kind> {
        Kind::numbered(self.job.load(Ordering::Relaxed) & !SCOUT)
    }

    /// Somebody looks at the job: a scout has done its work. True once for each.
    pub(super) fn see_scout(&self) -> bool {
        let job = self.job.load(Ordering::Relaxed);
        job != NO_JOB
            && job & SCOUT != 0
            && self
                .job
                .compare_exchange(job, job & !SCOUT, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }

    pub(super) fn wake(&self) {
        // A seat gets onto the bench by its own thread, which has occupied it by then.
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    pub(super) fn change(&self, from: u8, to: u8) -> bool {
        self.standing.compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }
}

/// What a worker is called for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Errand {
    /// Any job; it gets a token.
    Any,
    /// A job that is known to sleep, which needs no token.
    Sleeper,
}

impl Errand {
    pub(super) fn standing(self) -> u8 {
        match self {
            Self::Any => CALLED,
            Self::Sleeper => SENT,
        }
    }
}
