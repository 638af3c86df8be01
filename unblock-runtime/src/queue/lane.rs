//! Items in the order in which they came: a channel, and a list of those that came before.
//!
//! Items enter by the channel, which costs a submitter little. They leave it by its front only, so
//! a sweep, which drops tombstones and moves items to the other lane, takes items out of the
//! channel and puts those that stay at the end of the list. The list goes first, so items keep
//! their order.
//!
//! # The invariant
//!
//! *An item of the lane is in the channel, or `front_len` is not zero.* A sweep raises `front_len`
//! before it takes an item out of the channel. So [`Lane::is_empty`], which looks into the channel
//! first, misses no item, and a worker that finds `front_len` raised waits for the sweep at the
//! list's lock. A worker that read it just before a sweep takes the first item that the sweep has
//! left in the channel, ahead of those in the list.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;

use super::Queued;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::channel::{Receiver, Sender, bounded, unbounded};

/// The number of items that a sweep takes out of the channel under one lock, in about 50 µs.
/// Workers wait meanwhile.
const CHUNK: usize = 1024;

pub(super) struct Lane<T: ?Sized> {
    sender: Sender<Arc<T>>,
    receiver: Receiver<Arc<T>>,
    front: Mutex<VecDeque<Arc<T>>>,
    /// The length of the list, or more while a sweep is about to add to it.
    front_len: AtomicUsize,
}

impl<T: Queued + ?Sized> Lane<T> {
    pub(super) fn growing() -> Self {
        Self::new(unbounded())
    }

    pub(super) fn fixed(slots: usize) -> Self {
        Self::new(bounded(slots))
    }

    fn new((sender, receiver): (Sender<Arc<T>>, Receiver<Arc<T>>)) -> Self {
        Self {
            sender,
            receiver,
            front: Mutex::new(VecDeque::new()),
            front_len: AtomicUsize::new(0),
        }
    }

    pub(super) fn push(&self, item: Arc<T>) {
        // The lane holds a receiver itself, so its channel cannot be disconnected.
        if let Err(full) = self.sender.try_send(item) {
            self.push_past_tombstones(full.into_inner());
        }
    }

    /// Pushes an item into a channel that is full. Items are fewer than slots, so a full channel
    /// has tombstones: more have come within a moment than a sweep of the queue leaves.
    #[cold]
    fn push_past_tombstones(&self, mut item: Arc<T>) {
        let mut tombstones = Vec::new();
        loop {
            self.sweep_channel(|item| unless_tombstone(item, &mut tombstones));
            match self.sender.try_send(item) {
                Ok(()) => return,
                Err(full) => item = full.into_inner(),
            }
        }
    }

    /// Adds an item that came before those of the channel.
    pub(super) fn push_before_channel(&self, item: Arc<T>) {
        let mut front = self.front.lock();
        front.push_back(item);
        self.set_len(&front);
    }

    pub(super) fn pop(&self) -> Option<Arc<T>> {
        let first = (self.front_len.load(Ordering::SeqCst) > 0).then(|| self.pop_front());
        first.flatten().or_else(|| self.receiver.try_recv().ok())
    }

    #[cold]
    fn pop_front(&self) -> Option<Arc<T>> {
        let mut front = self.front.lock();
        let item = front.pop_front();
        if front.is_empty() && front.capacity() > CHUNK {
            *front = VecDeque::new();
        }
        self.set_len(&front);
        item
    }

    pub(super) fn is_empty(&self) -> bool {
        self.receiver.is_empty() && self.front_len.load(Ordering::SeqCst) == 0
    }

    /// Number of items, tombstones included.
    pub(super) fn len(&self) -> usize {
        self.receiver.len() + self.front_len.load(Ordering::SeqCst)
    }

    /// Offers each item to `keep`, in their order. The lane keeps those that it returns. Items that
    /// enter meanwhile are not offered. `keep` is called with the list's lock held.
    pub(super) fn sweep(&self, mut keep: impl FnMut(Arc<T>) -> Option<Arc<T>>) {
        {
            let mut front = self.front.lock();
            *front = mem::take(&mut *front).into_iter().filter_map(&mut keep).collect();
            self.set_len(&front);
        }
        self.sweep_channel(keep);
    }

    fn sweep_channel(&self, mut keep: impl FnMut(Arc<T>) -> Option<Arc<T>>) {
        let mut left = self.receiver.len();
        while left > 0 {
            let mut front = self.front.lock();
            let items = left.min(CHUNK);
            self.front_len.store(front.len() + items, Ordering::SeqCst);
            let items = self.receiver.try_iter().take(items);
            front.extend(items.filter_map(&mut keep));
            self.set_len(&front);
            left = left.saturating_sub(CHUNK);
        }
    }

    /// Takes out the first item that `picks` accepts, of the first `max` items. The second value is
    /// true if no other item was there to be looked at.
    pub(super) fn take_first(
        &self,
        max: usize,
        mut picks: impl FnMut(&T) -> bool,
    ) -> (Option<Arc<T>>, bool) {
        let mut front = self.front.lock();
        let mut picked = front.iter().take(max).position(|item| picks(item));
        self.front_len.store(front.len() + 1, Ordering::SeqCst);
        while picked.is_none() && front.len() < max {
            let Ok(item) = self.receiver.try_recv() else { break };
            if picks(&item) {
                picked = Some(front.len());
            }
            front.push_back(item);
            self.front_len.store(front.len() + 1, Ordering::SeqCst);
        }
        let saw_all = picked.is_none() && front.len() < max;
        let item = picked.and_then(|index| front.remove(index));
        self.set_len(&front);
        (item, saw_all)
    }

    /// Says how long the list is after a change.
    fn set_len(&self, front: &VecDeque<Arc<T>>) {
        self.front_len.store(front.len(), Ordering::SeqCst);
    }
}

/// Returns the item, or puts it with the tombstones, which are dropped when no lock is held.
pub(super) fn unless_tombstone<T: Queued + ?Sized>(
    item: Arc<T>,
    tombstones: &mut Vec<Arc<T>>,
) -> Option<Arc<T>> {
    if item.is_tombstone() {
        tombstones.push(item);
        return None;
    }
    Some(item)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::queue::Behavior;
    use crate::queue::tests::Item;

    fn item(number: usize) -> Arc<Item> {
        Arc::new(Item::new(number, Behavior::Computing))
    }

    fn numbers(lane: &Lane<Item>) -> Vec<usize> {
        std::iter::from_fn(|| lane.pop()).map(|item| item.number).collect()
    }

    #[test]
    fn a_sweep_keeps_the_order_of_the_items_that_stay() {
        let lane = Lane::growing();
        (0..5000).for_each(|number| lane.push(item(number)));
        lane.sweep(|item| Some(item).filter(|item| !item.number.is_multiple_of(3)));
        (5000..6000).for_each(|number| lane.push(item(number)));
        lane.sweep(|item| Some(item).filter(|item| !item.number.is_multiple_of(2)));
        let odd = (0..6000_usize).filter(|n| !n.is_multiple_of(2));
        let expected: Vec<_> = odd.filter(|&n| n >= 5000 || !n.is_multiple_of(3)).collect();
        assert_eq!(lane.len(), expected.len());
        assert_eq!(numbers(&lane), expected);
        assert!(lane.is_empty());
    }

    #[test]
    fn items_keep_their_order_past_a_channel_full_of_tombstones() {
        let lane = Lane::fixed(4);
        for number in [0, 2] {
            lane.push(item(number));
            lane.push(Arc::new(Item::tombstone(number + 1)));
        }
        (4..7).for_each(|number| lane.push(item(number)));
        assert_eq!(numbers(&lane), [0, 2, 4, 5, 6]);
    }

    #[test]
    fn the_first_item_that_is_picked_leaves_and_the_others_keep_their_order() {
        let lane = Lane::growing();
        (0..10).for_each(|number| lane.push(item(number)));
        let take = |max, number| {
            let (item, saw_all) = lane.take_first(max, |item| item.number == number);
            (item.map(|item| item.number), saw_all)
        };
        assert_eq!(take(4, 5), (None, false));
        assert_eq!(take(100, 5), (Some(5), false));
        assert_eq!(take(100, 2), (Some(2), false));
        assert_eq!(take(100, 42), (None, true));
        assert_eq!(numbers(&lane), [0, 1, 3, 4, 6, 7, 8, 9]);
    }
}
