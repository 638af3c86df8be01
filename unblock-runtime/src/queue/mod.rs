//! Where jobs wait: a bounded queue of two lanes, and a waitlist in front of it.
//!
//! Items wait in two lanes. Items that are known to block go into one lane and all others into the
//! other, because an item that blocks needs a thread and no core, so that it need not wait behind
//! items that compute. Each lane is first in, first out. When it becomes known that the items of a
//! type block, or do so no more, those in the wrong lane move to the other one, in their order and
//! before all that enter it from then on. A queue with one lane is for pools whose threads are all
//! for computing, and for platforms that cannot tell which threads are asleep.
//!
//! The bound is kept in a counter beside the channels ([`Room`]), because an item that is cancelled
//! gives its room back at once, while a channel can only be emptied from its front. An item in a
//! lane of which nothing is left to run, because it was cancelled, timed out or begun, is a
//! *tombstone*. A worker drops it in passing, or a sweep does when there are many.
//!
//! An item that finds no room joins the waitlist. Whoever frees room moves the first item of the
//! waitlist into the queue. It does not wait for the caller's next poll, so a caller that does not
//! poll holds up nobody behind it.
//!
//! # The invariants
//!
//! - *While items are on the waitlist, the queue is full, or some thread is about to lock the
//!   waitlist and to move its first item into the queue.* Freeing races with joining: the one frees
//!   room and then reads the length of the waitlist, the other joins the waitlist and then looks
//!   for room. One of the two sees the other, by sequential consistency.
//! - The [`Position`] of an item changes under the waitlist's lock. Withdrawing an item races with
//!   moving it into the queue, and with joining the waitlist: whichever takes the lock first
//!   decides whether the item has room to give back, and whether it may join.
//! - After `close` no new item keeps room: `try_enter` takes room, then reads `open`, and gives the
//!   room back if it is closed. `close` clears `open`, and workers read the room only after that.
//!   So a worker that finds the queue closed and all room free may leave for good.

pub(crate) mod admission;
pub(crate) mod concurrency_limits;
mod lane;
mod position;
mod room;
mod waitlist;

use std::sync::Arc;

use crossbeam_utils::atomic::AtomicCell;

use self::lane::Lane;
pub(crate) use self::position::{AtomicPosition, Position};
use self::room::Room;
use self::waitlist::Waitlist;
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::sync::{Mutex, between_seq_cst};

/// Tombstones in the lanes are left alone up to this number, or up to the capacity if that is more.
const MIN_TOMBSTONES: usize = 1024;
/// The largest capacity for which the lane of computing items has a channel of a fixed size, at 24
/// bytes a slot. Such a channel costs submitters less than one that grows, in which a receiver
/// reads what submitters write. (`round_trip` at 64 callers.)
const MAX_FIXED_CAPACITY: usize = 4096;
/// The number of items that are looked through for one of unknown behavior, in about a millisecond.
const MAX_LOOK: usize = 4096;

/// An item of a queue.
pub(crate) trait Queued {
    /// Returns where the item waits. Only the queue changes it.
    fn position(&self) -> &AtomicPosition;

    /// Returns true if nothing of the item is left to run.
    fn is_tombstone(&self) -> bool;

    /// Returns what is known of items of this type.
    fn behavior(&self) -> Behavior;
}

/// What items of one type do, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behavior {
    /// Too little is known. The items are treated as computing.
    Unknown,
    /// They need a core.
    Computing,
    /// They need a thread and hardly ever a core.
    Blocking,
}

/// A lane, as one that takes an item out of it sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LaneKind {
    Computing,
    Blocking,
}

/// How many lanes a queue uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lanes {
    /// All items share the lane of computing items.
    One,
    Two,
}

impl Lanes {
    pub(crate) fn of(has_blocking_lane: bool) -> Self {
        if has_blocking_lane { Self::Two } else { Self::One }
    }
}

/// What became of an attempt to enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    Entered,
    Full,
    Closed,
}

/// An item did not join the waitlist: the queue is closed, or the item is over.
#[derive(Debug)]
pub(crate) struct NotJoined;

/// What an operation has left for workers to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "workers are to be notified of more work"]
pub(crate) enum Change {
    Nothing,
    MoreWork,
}

pub(crate) struct Queue<T: ?Sized> {
    computing: Lane<T>,
    blocking: Lane<T>,
    lanes: AtomicCell<Lanes>,
    room: Room,
    max_tombstones: usize,
    /// Set when an item enters that is known to compute; cleared by
    /// [`take_seen_computing`](Self::take_seen_computing).
    has_seen_computing: AtomicBool,
    /// Set when an item of unknown behavior enters; cleared by [`send_ahead`](Self::send_ahead).
    has_unknown: AtomicBool,
    /// Set when the behavior of a type has changed; cleared by [`sort`](Self::sort).
    is_unsorted: AtomicBool,
    open: AtomicBool,
    waitlist: Mutex<Waitlist<T>>,
    /// Held by the one thread that moves items between lanes, or drains the queue.
    sweeping: Mutex<()>,
    /// The length of the waitlist, to be read without its lock.
    waiting: AtomicUsize,
}

impl<T: Queued + ?Sized> Queue<T> {
    pub(crate) fn new(capacity: usize, lanes: Lanes) -> Self {
        let max_tombstones = MIN_TOMBSTONES.max(capacity);
        let computing = if capacity <= MAX_FIXED_CAPACITY {
            Lane::fixed(capacity + max_tombstones)
        } else {
            Lane::growing()
        };
        Self {
            computing,
            blocking: Lane::growing(),
            lanes: AtomicCell::new(lanes),
            room: Room::new(capacity),
            max_tombstones,
            has_seen_computing: AtomicBool::new(false),
            has_unknown: AtomicBool::new(false),
            is_unsorted: AtomicBool::new(false),
            open: AtomicBool::new(true),
            waitlist: Mutex::new(Waitlist::new()),
            sweeping: Mutex::new(()),
            waiting: AtomicUsize::new(0),
        }
    }

    /// Enters the queue if there is room and the waitlist is empty. Nobody but the caller may know
    /// the item yet.
    pub(crate) fn try_enter(&self, item: Arc<T>) -> Entry {
        let entry = self.try_take_room(item.position());
        if entry == Entry::Entered {
            self.push(item);
        }
        entry
    }

    /// Takes the room of an item that is to enter, or that its caller begins at once instead.
    pub(crate) fn try_take_room(&self, position: &AtomicPosition) -> Entry {
        if self.waiting.load(Ordering::SeqCst) > 0 || !self.room.try_take() {
            return if self.is_open() { Entry::Full } else { Entry::Closed };
        }
        between_seq_cst();
        if !self.is_open() {
            // Another item may have joined the waitlist meanwhile, because this one had the room.
            // The caller notifies workers on `Closed` in any case, so the change can be ignored.
            let _ = self.begun();
            return Entry::Closed;
        }
        position.set(Position::InQueue);
        Entry::Entered
    }

    /// Joins the end of the waitlist. The change may be about another item than this one.
    ///
    /// # Errors
    ///
    /// The queue is closed, or the item was withdrawn, and has not joined.
    pub(crate) fn join_waitlist(&self, item: &Arc<T>) -> Result<Change, NotJoined> {
        let mut waitlist = self.waitlist.lock();
        if item.position().get() != Position::WithCaller || !self.is_open() {
            return Err(NotJoined);
        }
        item.position().set(Position::InWaitlist);
        waitlist.push(Arc::clone(item));
        self.waiting.fetch_add(1, Ordering::SeqCst);
        between_seq_cst();
        Ok(self.admit(&mut waitlist))
    }

    /// Takes the next item of the blocking lane. It may be a tombstone.
    pub(crate) fn pop_blocking(&self) -> Option<Arc<T>> {
        self.blocking.pop()
    }

    /// Takes the next item of the computing lane. It may be a tombstone.
    pub(crate) fn pop_computing(&self) -> Option<Arc<T>> {
        self.computing.pop()
    }

    /// Returns true if the computing lane is not empty.
    pub(crate) fn has_computing(&self) -> bool {
        !self.computing.is_empty()
    }

    /// Returns true if the blocking lane is not empty.
    pub(crate) fn has_blocking(&self) -> bool {
        !self.blocking.is_empty()
    }

    /// Number of items in the lanes, without tombstones.
    pub(crate) fn len(&self) -> usize {
        self.len_with_tombstones().min(self.room.in_use())
    }

    fn len_with_tombstones(&self) -> usize {
        self.computing.len() + self.blocking.len()
    }

    /// Number of items in the blocking lane, with tombstones.
    pub(crate) fn blocking_len(&self) -> usize {
        self.blocking.len()
    }

    /// Number of items in the computing lane, with tombstones.
    pub(crate) fn computing_len(&self) -> usize {
        self.computing.len()
    }

    pub(crate) fn capacity(&self) -> usize {
        self.room.capacity()
    }

    /// Number of items in the waitlist.
    pub(crate) fn waitlist_len(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }

    /// Gives back the room of an item that has begun.
    pub(crate) fn begun(&self) -> Change {
        self.room.free();
        between_seq_cst();
        if self.waitlist_len() == 0 {
            return Change::Nothing;
        }
        self.admit(&mut self.waitlist.lock())
    }

    /// Takes an item that was cancelled, timed out or refused before it began out of the queue or
    /// the waitlist.
    pub(crate) fn withdraw(&self, position: &AtomicPosition) -> Change {
        let mut waitlist = self.waitlist.lock();
        if position.get() == Position::WithCaller {
            position.set(Position::LeftCaller);
            return Change::Nothing;
        }
        if position.get() == Position::InWaitlist {
            position.set(Position::LeftWaitlist);
            self.waiting.fetch_sub(1, Ordering::SeqCst);
            waitlist.one_left();
            return Change::Nothing;
        }
        self.room.free();
        let change = self.admit(&mut waitlist);
        drop(waitlist);
        let tombstones = self.len_with_tombstones().saturating_sub(self.room.in_use());
        if tombstones <= self.max_tombstones {
            return change;
        }
        // Another thread that sweeps already drops most of them.
        let Some(_sweeping) = self.sweeping.try_lock() else { return change };
        self.sweep();
        Change::MoreWork
    }

    /// Notes that the behavior of some type has changed: items may be in the wrong lane.
    pub(crate) fn mark_unsorted(&self) {
        self.is_unsorted.store(true, Ordering::Relaxed);
    }

    /// Uses this number of lanes from now on.
    pub(crate) fn set_lanes(&self, lanes: Lanes) {
        self.lanes.store(lanes);
        self.mark_unsorted();
    }

    /// Returns true if an item that is known to compute has entered since the last call.
    pub(crate) fn take_seen_computing(&self) -> bool {
        let has_seen = self.has_seen_computing.load(Ordering::Relaxed);
        if has_seen {
            self.has_seen_computing.store(false, Ordering::Relaxed);
        }
        has_seen
    }

    /// Puts the items into the lanes where they belong, if some may be in the wrong one.
    pub(crate) fn sort(&self) -> Change {
        if !self.is_unsorted.load(Ordering::Relaxed) {
            return Change::Nothing;
        }
        let _sweeping = self.sweeping.lock();
        self.is_unsorted.store(false, Ordering::Relaxed);
        self.sweep();
        Change::MoreWork
    }

    /// Puts the first item of unknown behavior into the blocking lane, if one is among the first
    /// [`MAX_LOOK`]. `sends` is told which.
    pub(crate) fn send_ahead(&self, sends: impl FnOnce(&T)) -> Change {
        if !self.has_unknown.load(Ordering::Relaxed) || self.lanes.load() == Lanes::One {
            return Change::Nothing;
        }
        let _sweeping = self.sweeping.lock();
        // It is cleared before the look, so that an item that enters during the look sets it again.
        self.has_unknown.store(false, Ordering::Relaxed);
        let (item, saw_all) = self.computing.take_first(MAX_LOOK, |item| {
            item.behavior() == Behavior::Unknown && !item.is_tombstone()
        });
        if !saw_all {
            self.has_unknown.store(true, Ordering::Relaxed);
        }
        let Some(item) = item else { return Change::Nothing };
        sends(&item);
        self.blocking.push(item);
        Change::MoreWork
    }

    /// Closes the queue. From now on only items of the waitlist enter it.
    pub(crate) fn close(&self) {
        self.open.store(false, Ordering::SeqCst);
        between_seq_cst();
        // An item whose submitter found the queue open under this lock is in the waitlist by now.
        drop(self.waitlist.lock());
    }

    pub(crate) fn is_open(&self) -> bool {
        self.open.load(Ordering::SeqCst)
    }

    /// Returns true if the queue is closed and nothing waits. It takes the waitlist's lock, so that
    /// no item is between the waitlist and the queue.
    pub(crate) fn is_finished(&self) -> bool {
        if self.is_open() {
            return false;
        }
        let _waitlist = self.waitlist.lock();
        self.room.in_use() == 0 && self.waitlist_len() == 0
    }

    /// Takes all items out of the queue and the waitlist, tombstones included. Each still counts as
    /// waiting until it is [withdrawn](Self::withdraw).
    pub(crate) fn drain(&self) -> Vec<Arc<T>> {
        let _sweeping = self.sweeping.lock();
        let mut waitlist = self.waitlist.lock();
        let mut items = self.take_all();
        waitlist.drain_into(&mut items);
        items
    }

    /// Moves the first items of the waitlist into the queue while there is room.
    fn admit(&self, waitlist: &mut Waitlist<T>) -> Change {
        let mut change = Change::Nothing;
        while waitlist.has_next() && self.room.try_take() {
            let Some(item) = waitlist.pop() else { break };
            self.waiting.fetch_sub(1, Ordering::SeqCst);
            item.position().set(Position::InQueue);
            self.push(item);
            change = Change::MoreWork;
        }
        change
    }

    /// Drops the tombstones, and puts each item into the lane that is right for it by now. The
    /// caller holds `sweeping`.
    fn sweep(&self) {
        let mut tombstones = Vec::new();
        let mut sort = |from: &Lane<T>, to: &Lane<T>, belongs_to: LaneKind| {
            from.sweep(|item| {
                let item = lane::unless_tombstone(item, &mut tombstones)?;
                if self.lane_of(item.behavior()) != belongs_to {
                    return Some(item);
                }
                to.push_before_channel(item);
                None
            });
        };
        sort(&self.computing, &self.blocking, LaneKind::Blocking);
        sort(&self.blocking, &self.computing, LaneKind::Computing);
    }

    fn take_all(&self) -> Vec<Arc<T>> {
        let pop = || self.pop_computing().or_else(|| self.pop_blocking());
        std::iter::from_fn(pop).collect()
    }

    fn push(&self, item: Arc<T>) {
        let behavior = item.behavior();
        match self.lane_of(behavior) {
            LaneKind::Blocking => self.blocking.push(item),
            LaneKind::Computing => self.computing.push(item),
        }
        // The item is in its lane before a flag is set, so that a look that clears the flag finds
        // the item.
        match behavior {
            Behavior::Unknown => raise(&self.has_unknown),
            Behavior::Computing => raise(&self.has_seen_computing),
            Behavior::Blocking => {}
        }
    }

    fn lane_of(&self, behavior: Behavior) -> LaneKind {
        if behavior == Behavior::Blocking && self.lanes.load() == Lanes::Two {
            LaneKind::Blocking
        } else {
            LaneKind::Computing
        }
    }
}

/// Sets a flag. It is read first, because a write costs more.
fn raise(flag: &AtomicBool) {
    if !flag.load(Ordering::Relaxed) {
        flag.store(true, Ordering::Relaxed);
    }
}

#[cfg(all(test, loom))]
mod model;
#[cfg(all(test, not(loom)))]
mod tests;
