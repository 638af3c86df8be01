//! Items that wait for room in the queue, first in, first out.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{MIN_TOMBSTONES, Position, Queued};

pub(super) struct Waitlist<T: ?Sized> {
    items: VecDeque<Arc<T>>,
    /// Number of items that have left and are dropped in passing.
    tombstones: usize,
}

impl<T: Queued + ?Sized> Waitlist<T> {
    pub(super) fn new() -> Self {
        Self { items: VecDeque::new(), tombstones: 0 }
    }

    pub(super) fn push(&mut self, item: Arc<T>) {
        self.items.push_back(item);
    }

    /// Drops the tombstones at the front. Returns true if an item is left.
    pub(super) fn has_next(&mut self) -> bool {
        while self.items.pop_front_if(|item| has_left(item)).is_some() {
            self.tombstones = self.tombstones.saturating_sub(1);
        }
        !self.items.is_empty()
    }

    /// Takes the first item.
    pub(super) fn pop(&mut self) -> Option<Arc<T>> {
        self.items.pop_front()
    }

    /// Notes that an item has left. Drops the tombstones if most of the waitlist is made of them.
    pub(super) fn one_left(&mut self) {
        self.tombstones += 1;
        if self.tombstones > MIN_TOMBSTONES && self.tombstones > self.items.len() / 2 {
            self.items.retain(|item| !has_left(item));
            self.tombstones = 0;
        }
    }

    /// Moves all items, tombstones included, to the end of `items`.
    pub(super) fn drain_into(&mut self, items: &mut Vec<Arc<T>>) {
        items.extend(self.items.drain(..));
        self.tombstones = 0;
    }
}

fn has_left<T: Queued + ?Sized>(item: &Arc<T>) -> bool {
    item.position().get() == Position::LeftWaitlist
}
