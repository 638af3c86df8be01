//! Where an item of a queue waits.

use crate::sync::atomic::{AtomicU8, Ordering};

/// Where an item waits.
///
/// ```text
///                 try_enter
/// WithCaller ───────────────────▶ InQueue
///      │                             ▲
///      │ join_waitlist         admit │
///      ├───────────▶ InWaitlist ─────┘
///      │                 │ withdraw
///      │                 └───────────▶ LeftWaitlist
///      │ withdraw
///      └─────────────────────────────▶ LeftCaller
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Position {
    /// Only its caller holds the item.
    WithCaller,
    /// The item waits for room in the queue.
    InWaitlist,
    /// The item is in the queue, where it takes up room.
    InQueue,
    /// The item left the waitlist without entering the queue.
    LeftWaitlist,
    /// The item was over before it joined the waitlist, which it must not join any more.
    LeftCaller,
}

/// A [`Position`] that threads share. It changes under the lock of the queue's waitlist, or while
/// only one thread knows the item.
#[derive(Debug)]
pub(crate) struct AtomicPosition(AtomicU8);

impl AtomicPosition {
    /// The position of a new item.
    pub(crate) fn new() -> Self {
        Self(AtomicU8::new(Position::WithCaller as u8))
    }

    pub(crate) fn get(&self) -> Position {
        match self.0.load(Ordering::Acquire) {
            0 => Position::WithCaller,
            1 => Position::InWaitlist,
            2 => Position::InQueue,
            3 => Position::LeftWaitlist,
            _ => Position::LeftCaller,
        }
    }

    pub(super) fn set(&self, position: Position) {
        self.0.store(position as u8, Ordering::Release);
    }
}
