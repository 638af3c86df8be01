//! How many items a queue may hold.
//!
//! The invariant: *`taken - freed` is the number of items that hold room*: they are in a channel or
//! about to be sent into one, and have neither begun nor been withdrawn. Both counters only grow.
//! Submitters write the one and workers the other, so that neither waits for the other's cache
//! line. A submitter reads `freed` only if its cached copy says that the queue is full.

use crossbeam_utils::CachePadded;

use crate::sync::atomic::{AtomicU64, Ordering};

pub(super) struct Room {
    capacity: usize,
    entrance: CachePadded<Entrance>,
    freed: CachePadded<AtomicU64>,
}

/// The counters that submitters write.
struct Entrance {
    taken: AtomicU64,
    /// A cached copy of `freed`. The counter itself is at least this.
    freed_seen: AtomicU64,
}

impl Room {
    pub(super) fn new(capacity: usize) -> Self {
        let entrance = Entrance { taken: AtomicU64::new(0), freed_seen: AtomicU64::new(0) };
        Self {
            capacity,
            entrance: CachePadded::new(entrance),
            freed: CachePadded::new(AtomicU64::new(0)),
        }
    }

    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Takes the room of one item. Returns false if there is none.
    pub(super) fn try_take(&self) -> bool {
        let Entrance { taken, freed_seen } = &*self.entrance;
        let is_full = |taken: u64, freed| taken.saturating_sub(freed) >= self.capacity as u64;
        let one_more = |taken| {
            if is_full(taken, freed_seen.load(Ordering::Relaxed)) {
                let freed = self.freed.load(Ordering::SeqCst);
                freed_seen.store(freed, Ordering::Relaxed);
                if is_full(taken, freed) {
                    return None;
                }
            }
            Some(taken + 1)
        };
        taken.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_more).is_ok()
    }

    /// Gives back the room of one item.
    pub(super) fn free(&self) {
        self.freed.fetch_add(1, Ordering::SeqCst);
    }

    /// Number of items that hold room, or held it a moment ago.
    pub(super) fn in_use(&self) -> usize {
        // The order matters: an item that is seen to have left is seen to have entered.
        let freed = self.freed.load(Ordering::SeqCst);
        let taken = self.entrance.taken.load(Ordering::SeqCst);
        usize::try_from(taken - freed).unwrap_or(usize::MAX)
    }
}
