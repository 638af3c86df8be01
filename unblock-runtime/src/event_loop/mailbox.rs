//! The mailbox of an event loop: wakers of tasks and callbacks, posted by any thread.
//!
//! # The invariant
//!
//! *If there is a message in an open mailbox, a wake-up of the loop's main task is on its way, or
//! the main task is running and will look again.* All under the one lock:
//!
//! - Two posts: the one that finds the mailbox empty wakes. The other finds a message, so a wake-up
//!   is on its way.
//! - Post against drain: the drain takes all messages and leaves its waker in the same critical
//!   section. A message posted before that is taken. A post after that finds the waker and wakes.
//! - Post against close: a message posted to a closed mailbox is handed back, and the poster
//!   delivers or drops it.

use std::task::{Context, Waker};

use crossbeam_utils::CachePadded;

use crate::sync::Mutex;
use crate::unwind;

/// The number of messages for which a mailbox keeps room after a burst: 24 KiB.
const KEPT_CAPACITY: usize = 1024;

pub(super) enum Message {
    Wake(Waker),
    Call(Box<dyn FnOnce() + Send>),
}

impl Message {
    /// Wakes or calls. A panic is contained: the messages behind this one wait, and it is not the
    /// main task's fault.
    pub(super) fn deliver(self) {
        match self {
            Self::Wake(waker) => unwind::contain("a waker", || waker.wake()),
            Self::Call(callback) => unwind::contain("a callback of an event loop", callback),
        }
    }
}

pub(super) struct Mailbox {
    /// Workers write here. It is not on the cache line of the count of the loop's handles, which
    /// the loop writes with each job.
    inbox: CachePadded<Mutex<Inbox>>,
}

struct Inbox {
    messages: Vec<Message>,
    /// The waker of the main task, while that waits.
    waker: Option<Waker>,
    open: bool,
}

impl Mailbox {
    pub(super) fn new() -> Self {
        let inbox = Inbox { messages: Vec::new(), waker: None, open: true };
        Self { inbox: CachePadded::new(Mutex::new(inbox)) }
    }

    /// Posts a message. A closed mailbox hands it back.
    pub(super) fn post(&self, message: Message) -> Result<(), Message> {
        let mut inbox = self.inbox.lock();
        if !inbox.open {
            return Err(message);
        }
        inbox.messages.push(message);
        let waker = inbox.waker.take();
        drop(inbox);
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(())
    }

    /// Delivers the messages that are there, and has the next one wake the task of `cx`.
    ///
    /// It delivers one batch. Messages that come meanwhile wake the task again, so that the loop's
    /// sockets get their turn in between. `batch` is empty between calls. It takes turns with the
    /// vector of the inbox, so that posters need not allocate.
    pub(super) fn drain(&self, cx: &mut Context<'_>, batch: &mut Vec<Message>) {
        {
            let mut inbox = self.inbox.lock();
            if inbox.waker.as_ref().is_none_or(|waker| !waker.will_wake(cx.waker())) {
                inbox.waker = Some(cx.waker().clone());
            }
            std::mem::swap(&mut inbox.messages, batch);
        }
        for message in batch.drain(..) {
            message.deliver();
        }
        batch.shrink_to(KEPT_CAPACITY);
    }

    /// Refuses messages from now on. Tasks may outlive the loop's main task, so their wakers are
    /// called here. Callbacks are dropped, because they were promised to the loop alone.
    pub(super) fn close(&self) {
        let rest = {
            let mut inbox = self.inbox.lock();
            inbox.open = false;
            inbox.waker = None;
            std::mem::take(&mut inbox.messages)
        };
        for message in rest {
            if let Message::Wake(_) = message {
                message.deliver();
            }
        }
    }
}

#[cfg(all(test, loom))]
mod model;
