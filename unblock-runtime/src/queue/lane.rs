//! Jobs in the order in which they came: a channel, which may hold shells.

use std::sync::Arc;

use crate::job::Run;
use crate::sync::channel::{Receiver, Sender, bounded, unbounded};

pub(super) struct Lane {
    sender: Sender<Arc<dyn Run>>,
    receiver: Receiver<Arc<dyn Run>>,
}

impl Lane {
    pub(super) fn growing() -> Self {
        let (sender, receiver) = unbounded();
        Self { sender, receiver }
    }

    pub(super) fn fixed(slots: usize) -> Self {
        let (sender, receiver) = bounded(slots);
        Self { sender, receiver }
    }

    pub(super) fn push(&self, job: Arc<dyn Run>) {
        // The lane holds a receiver itself, so its channel cannot be disconnected.
        if let Err(full) = self.sender.try_send(job) {
            self.squeeze_in(full.into_inner());
        }
    }

    /// Jobs are fewer than slots, so in a full channel there are shells: more have come within a moment than a sweep
    /// leaves. Jobs in front of them may lose their turn.
    #[cold]
    fn squeeze_in(&self, job: Arc<dyn Run>) {
        let mut outside = vec![job];
        while let Some(job) = outside.pop() {
            if let Err(full) = self.sender.try_send(job) {
                outside.push(full.into_inner());
                outside.extend(self.pop().filter(|first| !first.is_past_queue()));
            }
        }
    }

    pub(super) fn pop(&self) -> Option<Arc<dyn Run>> {
        self.receiver.try_recv().ok()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.receiver.is_empty()
    }

    /// How many there are, shells included.
    pub(super) fn len(&self) -> usize {
        self.receiver.len()
    }
}
