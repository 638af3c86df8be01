//! Wakes tasks whose wakers lie in the mailbox of a loop that is blocked.
//!
//! A handler that calls a blocking `block_on` on a loop's thread blocks the loop until the awaited
//! job is done. But the outcome of that job goes to the mailbox of the loop, which nobody empties
//! meanwhile. So if a mailbox was not emptied for a while and the loop's thread is asleep, the
//! timer takes the wakers out of it and calls them on its own thread. Callbacks stay: they were
//! promised to the loop's thread.

use std::sync::{Arc, Weak};
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use super::mailbox::Mailbox;
use super::waiter::Waiter;
use crate::timer::Alarm;

/// The time after which a mailbox that was not emptied is looked at. A loop that is not blocked
/// empties it within microseconds.
const BLOCKED_AFTER: Duration = Duration::from_millis(50);

pub(super) struct Rescue {
    mailbox: Weak<Mailbox>,
    /// The number of times that the mailbox had been emptied when the alarm was set.
    drains: u64,
}

impl Rescue {
    /// Sets an alarm after which the mailbox is looked at. Dropping the alarm cancels it.
    pub(super) fn alarm(mailbox: &Arc<Mailbox>, drains: u64) -> Alarm {
        let rescue = Arc::new(Self { mailbox: Arc::downgrade(mailbox), drains });
        Alarm::at(Instant::now() + BLOCKED_AFTER, Waiter::direct(Waker::from(rescue)))
    }
}

impl Wake for Rescue {
    fn wake(self: Arc<Self>) {
        if let Some(mailbox) = self.mailbox.upgrade() {
            mailbox.rescue(self.drains);
        }
    }
}
