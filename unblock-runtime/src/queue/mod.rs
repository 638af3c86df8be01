//! What waits, how much may wait, and who is let in.
//!
//! Jobs wait in crossbeam channels; how many may is kept in counters of *places* beside them, because a
//! job that is cancelled gives its place back at once, while a channel can only be emptied from its front. What
//! stays of a cancelled job in it is an empty shell, which a worker drops in passing or, if they pile up
//! because no worker comes by, a sweep does.
//!
//! There are two lanes: one for jobs of kinds that are known to sleep, and for a scout (see `habit.rs`), one for all others.
//! What sleeps needs no core, so it need not wait behind what computes. (A pool whose threads are all for computing has one lane, and so has
//! one on a platform that cannot say who sleeps.) Within a lane the
//! order is that of entering.
//!
//! Who finds no place stands in a line, first come, first served. Whoever frees a place moves the first of the line
//! into the channel himself: nobody's poll is needed for it, so a caller that is not polled holds up nobody.
//!
//! # The invariants
//!
//! - `entered - left` is the number of jobs that hold a place: in the channel or about to be sent, and not begun or over.
//!   Both only grow. Submitters write the one and workers the other, so that neither waits for the other's cache line;
//!   a submitter reads `left` only when the queue was full by what he knew of it.
//! - *If there is somebody in the line, no place is free, or somebody who will look at the line again has yet to
//!   take its lock.* Free and stand-in-line race: the one frees a place and then looks at the line's length, the
//!   other joins the line and then looks for a free place; one of the two sees the other (sequential consistency).
//! - A job's [`Place`] changes under the line's lock. Withdraw against being moved into the channel: the first to
//!   take the lock decides whether the job has a place to give back.
//! - After `close` nobody new takes a place: entering takes the place first and looks for `open` after, closing does
//!   the reverse, so a worker that finds the queue closed and no place taken may leave for good.

pub(crate) mod admission;
mod lane;

use std::collections::VecDeque;
use std::sync::Arc;

use crossbeam_utils::CachePadded;

use self::lane::Lane;
use crate::job::{Place, Run};
use crate::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use crate::sync::{Mutex, between_seq_cst};

/// Shells of cancelled jobs are left alone until there are this many, or as many as the queue has places.
const SHELLS: usize = 1024;
/// A queue of up to so many places has a channel of a fixed size, at 24 bytes a slot. That costs submitters less: whoever
/// takes a job out of it does not read what they write to, as he does in a channel that grows.
const FIXED_UP_TO: usize = 4096;
/// Sorting so many jobs takes about a millisecond.
const SORTED_UP_TO: usize = 4096;

pub(crate) struct Queue {
    jobs: Lane,
    sleepers: Lane,
    /// Whether there is more than one lane.
    divided: bool,
    capacity: usize,
    /// With more, the channels are swept.
    most_shells: usize,
    entered: CachePadded<Entrance>,
    left: CachePadded<AtomicU64>,
    /// A scout is out.
    scouted: AtomicBool,
    /// Jobs may wait of whose kind too little is known.
    undecided: AtomicBool,
    /// Jobs may be in the wrong lane.
    unsorted: AtomicBool,
    open: AtomicBool,
    line: Mutex<Line>,
    /// How many stand in the line, to be read without its lock.
    waiting: AtomicUsize,
}

/// What submitters write.
struct Entrance {
    entered: AtomicU64,
    /// What `left` was when a submitter last looked; it is that much or more.
    left_seen: AtomicU64,
}

#[derive(Default)]
struct Line {
    jobs: VecDeque<Arc<dyn Run>>,
    /// How many of them have left: they are dropped in passing.
    left: usize,
}

/// What became of an attempt to enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    Entered,
    NoRoom,
    Closed,
}

/// Whether there is now more in the queue for a worker to find.
pub(crate) type Moved = bool;

impl Queue {
    pub(crate) fn new(capacity: usize, divided: bool) -> Self {
        let most_shells = SHELLS.max(capacity);
        Self {
            jobs: if capacity <= FIXED_UP_TO {
                Lane::fixed(capacity + most_shells)
            } else {
                Lane::growing()
            },
            sleepers: Lane::growing(),
            most_shells,
            divided,
            capacity,
            entered: CachePadded::new(Entrance {
                entered: AtomicU64::new(0),
                left_seen: AtomicU64::new(0),
            }),
            left: CachePadded::new(AtomicU64::new(0)),
            scouted: AtomicBool::new(false),
            undecided: AtomicBool::new(false),
            unsorted: AtomicBool::new(false),
            open: AtomicBool::new(true),
            line: Mutex::new(Line::default()),
            waiting: AtomicUsize::new(0),
        }
    }

    /// Enters the queue if there is room and nobody stands in line before. The job is its caller's alone so far.
    pub(crate) fn try_enter(&self, job: Arc<dyn Run>) -> Entry {
        if self.waiting.load(Ordering::SeqCst) > 0 || !self.take_place() {
            return if self.is_open() { Entry::NoRoom } else { Entry::Closed };
        }
        between_seq_cst();
        if !self.is_open() {
            // Somebody may have joined the line meanwhile, because this place was taken. Who finds the queue closed
            // looks for workers whether that is so or not.
            let _ = self.leave();
            return Entry::Closed;
        }
        job.header().place.set(Place::IN_QUEUE);
        self.send(job);
        Entry::Entered
    }

    /// Joins the end of the line. `Entered` says that somebody, not necessarily this job, entered the queue.
    pub(crate) fn stand_in_line(&self, job: &Arc<dyn Run>) -> Entry {
        let mut line = self.line.lock();
        if !self.is_open() {
            return Entry::Closed;
        }
        job.header().place.set(Place::IN_LINE);
        line.jobs.push_back(Arc::clone(job));
        self.waiting.fetch_add(1, Ordering::SeqCst);
        between_seq_cst();
        if self.admit(&mut line) { Entry::Entered } else { Entry::NoRoom }
    }

    /// The next job, or its shell, of one lane; if that is empty, of the other.
    pub(crate) fn pop(&self, sleepers_first: bool) -> Option<Arc<dyn Run>> {
        if sleepers_first {
            self.sleepers.pop().or_else(|| self.jobs.pop())
        } else {
            self.jobs.pop().or_else(|| self.sleepers.pop())
        }
    }

    /// The next job that is known to sleep, the scout, or a shell.
    pub(crate) fn pop_sleeper(&self) -> Option<Arc<dyn Run>> {
        self.sleepers.pop()
    }

    /// Whether a worker would find something.
    pub(crate) fn has_work(&self) -> bool {
        !(self.jobs.is_empty() && self.sleepers.is_empty())
    }

    pub(crate) fn has_sleepers(&self) -> bool {
        !self.sleepers.is_empty()
    }

    /// How many jobs workers would find.
    pub(crate) fn len(&self) -> usize {
        self.len_with_shells().min(self.taken())
    }

    fn len_with_shells(&self) -> usize {
        self.jobs.len() + self.sleepers()
    }

    /// How many of them are known to sleep, the scout and shells included.
    pub(crate) fn sleepers(&self) -> usize {
        self.sleepers.len()
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// How many stand in line for room.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }

    /// Gives back the place of a job that has begun.
    pub(crate) fn leave(&self) -> Moved {
        self.left.fetch_add(1, Ordering::SeqCst);
        between_seq_cst();
        if self.waiting.load(Ordering::SeqCst) == 0 {
            return false;
        }
        let mut line = self.line.lock();
        self.admit(&mut line)
    }

    /// Takes a job that is over, and had not begun, out of the queue or the line.
    pub(crate) fn withdraw(&self, place: &Place) -> Moved {
        if place.get() == Place::OUTSIDE {
            return false;
        }
        let mut line = self.line.lock();
        if place.get() == Place::IN_LINE {
            place.set(Place::LEFT);
            self.waiting.fetch_sub(1, Ordering::SeqCst);
            line.left += 1;
            if line.left > SHELLS && line.left > line.jobs.len() / 2 {
                line.jobs.retain(|job| job.header().place.get() != Place::LEFT);
                line.left = 0;
            }
            return false;
        }
        self.left.fetch_add(1, Ordering::SeqCst);
        let moved = self.admit(&mut line);
        let shells = self.len_with_shells().saturating_sub(self.taken());
        if shells > self.most_shells { self.sweep(false) || moved } else { moved }
    }

    /// Whether a job is out that went ahead, and nothing is known of it yet.
    pub(crate) fn has_scout(&self) -> bool {
        self.scouted.load(Ordering::Relaxed)
    }

    /// The job that went ahead was seen, has ended or will never run: another may go.
    pub(crate) fn scout_is_back(&self) {
        self.scouted.store(false, Ordering::Relaxed);
    }

    /// A kind of job has changed its ways: some that wait may be in the wrong lane.
    pub(crate) fn habits_changed(&self) {
        self.unsorted.store(true, Ordering::Relaxed);
    }

    /// Puts what waits into the lanes where it belongs, if something may be in the wrong one or a scout may be sent and there
    /// is one to send. For the monitor; others wait meanwhile who want the line's lock, so a long queue is left as it is.
    pub(crate) fn sort(&self, may_scout: bool) -> Moved {
        let may_scout = may_scout && !self.has_scout() && self.undecided.load(Ordering::Relaxed);
        if !(may_scout || self.unsorted.load(Ordering::Relaxed))
            || self.len_with_shells() > SORTED_UP_TO
        {
            return false;
        }
        let _line = self.line.lock();
        self.unsorted.store(false, Ordering::Relaxed);
        self.undecided.store(false, Ordering::Relaxed);
        self.sweep(may_scout)
    }

    /// From now on nobody enters who is not in the queue or in line.
    pub(crate) fn close(&self) {
        self.open.store(false, Ordering::SeqCst);
        between_seq_cst();
        // Whoever found it open under this lock is in line after it.
        drop(self.line.lock());
    }

    pub(crate) fn is_open(&self) -> bool {
        self.open.load(Ordering::SeqCst)
    }

    /// Closed, with nothing left in it. Under the line's lock, so that nobody is between the line and the queue.
    pub(crate) fn is_finished(&self) -> bool {
        if self.is_open() {
            return false;
        }
        let _line = self.line.lock();
        self.taken() == 0 && self.waiting() == 0
    }

    /// All that waits, in queue and line, in order, with the shells; for the end of a pool. They stay counted where they are
    /// until they are aborted.
    pub(crate) fn drain(&self) -> Vec<Arc<dyn Run>> {
        let mut line = self.line.lock();
        let mut jobs: Vec<_> = std::iter::from_fn(|| self.pop(false)).collect();
        jobs.extend(line.jobs.drain(..));
        line.left = 0;
        jobs
    }

    /// Moves the first of the line into the queue while there is room.
    fn admit(&self, line: &mut Line) -> Moved {
        let mut moved = false;
        while let Some(first) = line.jobs.front() {
            let has_left = first.header().place.get() == Place::LEFT;
            if !has_left && !self.take_place() {
                break;
            }
            let Some(job) = line.jobs.pop_front() else { break };
            if has_left {
                line.left = line.left.saturating_sub(1);
                continue;
            }
            self.waiting.fetch_sub(1, Ordering::SeqCst);
            job.header().place.set(Place::IN_QUEUE);
            self.send(job);
            moved = true;
        }
        moved
    }

    /// Drops the shells in the channels, and puts each job in the lane that is right for what is known of its kind now; the
    /// first of a kind that is not decided goes ahead if a scout may be sent. Called under the line's lock, so one sweeps at a
    /// time; a job that is sent meanwhile may come before those that are put back.
    fn sweep(&self, mut may_scout: bool) -> Moved {
        let jobs: Vec<_> = std::iter::from_fn(|| self.pop(false)).collect();
        let mut moved = false;
        for job in jobs {
            let header = job.header();
            if job.is_past_queue() {
                if header.scout.load(Ordering::Relaxed) {
                    self.scout_is_back();
                }
                continue;
            }
            moved = true;
            if header.scout.load(Ordering::Relaxed) {
                self.sleepers.push(job);
            } else if may_scout && header.kind.habit().is_undecided() {
                may_scout = false;
                header.scout.store(true, Ordering::Relaxed);
                self.scouted.store(true, Ordering::Relaxed);
                self.sleepers.push(job);
            } else {
                self.send(job);
            }
        }
        moved
    }

    /// How many places are taken, or were a moment ago.
    fn taken(&self) -> usize {
        // In this order, so that whoever left is seen to have entered.
        let left = self.left.load(Ordering::SeqCst);
        let entered = self.entered.entered.load(Ordering::SeqCst);
        usize::try_from(entered - left).unwrap_or(usize::MAX)
    }

    fn take_place(&self) -> bool {
        let Entrance { entered, left_seen } = &*self.entered;
        let is_full = |entered: u64, left| entered.saturating_sub(left) >= self.capacity as u64;
        let one_more = |entered| {
            if is_full(entered, left_seen.load(Ordering::Relaxed)) {
                let left = self.left.load(Ordering::SeqCst);
                left_seen.store(left, Ordering::Relaxed);
                if is_full(entered, left) {
                    return None;
                }
            }
            Some(entered + 1)
        };
        entered.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_more).is_ok()
    }

    fn send(&self, job: Arc<dyn Run>) {
        let habit = job.header().kind.habit();
        if !self.divided {
            self.jobs.push(job);
        } else if habit.sleeps() {
            self.sleepers.push(job);
        } else {
            if habit.is_undecided() && !self.undecided.load(Ordering::Relaxed) {
                self.undecided.store(true, Ordering::Relaxed);
            }
            self.jobs.push(job);
        }
    }
}

#[cfg(all(test, loom))]
mod model;
