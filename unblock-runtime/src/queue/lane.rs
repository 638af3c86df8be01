//! Items in the order in which they came: a channel, which may hold tombstones.

use std::sync::Arc;

use super::Queued;
use crate::sync::channel::{Receiver, Sender, bounded, unbounded};

pub(super) struct Lane<T: ?Sized> {
    sender: Sender<Arc<T>>,
    receiver: Receiver<Arc<T>>,
}

impl<T: Queued + ?Sized> Lane<T> {
    pub(super) fn growing() -> Self {
        let (sender, receiver) = unbounded();
        Self { sender, receiver }
    }

    pub(super) fn fixed(slots: usize) -> Self {
        let (sender, receiver) = bounded(slots);
        Self { sender, receiver }
    }

    pub(super) fn push(&self, item: Arc<T>) {
        // The lane holds a receiver itself, so its channel cannot be disconnected.
        if let Err(full) = self.sender.try_send(item) {
            self.push_evicting_tombstones(full.into_inner());
        }
    }

    /// Pushes an item into a channel that is full. Items are fewer than slots, so a full channel
    /// has tombstones: more have come within a moment than a sweep leaves. Items in front of the
    /// tombstones may lose their turn.
    #[cold]
    fn push_evicting_tombstones(&self, item: Arc<T>) {
        let mut outside = vec![item];
        while let Some(item) = outside.pop() {
            if let Err(full) = self.sender.try_send(item) {
                outside.push(full.into_inner());
                outside.extend(self.pop().filter(|first| !first.is_tombstone()));
            }
        }
    }

    pub(super) fn pop(&self) -> Option<Arc<T>> {
        self.receiver.try_recv().ok()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.receiver.is_empty()
    }

    /// Number of items, tombstones included.
    pub(super) fn len(&self) -> usize {
        self.receiver.len()
    }
}
