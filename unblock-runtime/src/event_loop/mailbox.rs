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

use std::sync::{Arc, OnceLock};
use std::task::{Context, Waker};

use crossbeam_utils::CachePadded;

#[cfg(not(loom))]
use super::rescue::Rescue;
use crate::sync::Mutex;
#[cfg(not(loom))]
use crate::timer::Alarm;
use crate::unwind;
use crate::workers::os_thread::ThreadId;
#[cfg(not(loom))]
use crate::workers::os_thread::ThreadState;

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
    /// The thread of the loop, once that runs.
    thread: OnceLock<ThreadId>,
}

struct Inbox {
    messages: Vec<Message>,
    /// The waker of the main task, while that waits.
    waker: Option<Waker>,
    open: bool,
    /// The number of times that the inbox was emptied.
    #[cfg(not(loom))]
    drains: u64,
    /// Set while messages may lie here that nobody takes.
    #[cfg(not(loom))]
    rescue: Option<Alarm>,
}

impl Mailbox {
    pub(super) fn new() -> Self {
        let inbox = Inbox {
            messages: Vec::new(),
            waker: None,
            open: true,
            #[cfg(not(loom))]
            drains: 0,
            #[cfg(not(loom))]
            rescue: None,
        };
        Self { inbox: CachePadded::new(Mutex::new(inbox)), thread: OnceLock::new() }
    }

    /// Notes that the calling thread runs the loop.
    pub(super) fn set_thread(&self) {
        let _ = self.thread.set(ThreadId::current());
    }

    /// Returns true if the loop's thread is asleep, or if the platform cannot tell.
    #[cfg(not(loom))]
    fn is_asleep(&self) -> bool {
        let state = self.thread.get().and_then(|thread| thread.state());
        state != Some(ThreadState::Awake)
    }

    /// Posts a message. A closed mailbox hands it back.
    pub(super) fn post(self: &Arc<Self>, message: Message) -> Result<(), Message> {
        let mut inbox = self.inbox.lock();
        if !inbox.open {
            return Err(message);
        }
        inbox.messages.push(message);
        #[cfg(not(loom))]
        if inbox.rescue.is_none() {
            inbox.rescue = Some(Rescue::alarm(self, inbox.drains));
        }
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
        let replaced = {
            // A waker is the executor's code, so it is cloned and dropped without the lock.
            let waker = cx.waker().clone();
            let mut inbox = self.inbox.lock();
            std::mem::swap(&mut inbox.messages, batch);
            #[cfg(not(loom))]
            {
                inbox.drains += 1;
            }
            inbox.waker.replace(waker)
        };
        drop(replaced);
        for message in batch.drain(..) {
            message.deliver();
        }
        batch.shrink_to(KEPT_CAPACITY);
    }

    /// Wakes the tasks that wait here, if the mailbox has not been emptied since the count of its
    /// drains was `drains`, and the loop's thread is asleep. Called by the timer.
    #[cfg(not(loom))]
    pub(super) fn rescue(self: &Arc<Self>, drains: u64) {
        let wakers = {
            let mut inbox = self.inbox.lock();
            let is_blocked = inbox.drains == drains && self.is_asleep();
            let takes = |message: &mut Message| is_blocked && matches!(message, Message::Wake(_));
            let wakers: Vec<_> = inbox.messages.extract_if(.., takes).collect();
            // Messages that stay are looked at again, because more may come while they wait.
            let again = !inbox.messages.is_empty() && inbox.open;
            inbox.rescue = again.then(|| Rescue::alarm(self, inbox.drains));
            wakers
        };
        for waker in wakers {
            waker.deliver();
        }
    }

    /// Refuses messages from now on. Tasks may outlive the loop's main task, so their wakers are
    /// called here. Callbacks are dropped, because they were promised to the loop alone.
    pub(super) fn close(&self) {
        let (messages, waker) = {
            let mut inbox = self.inbox.lock();
            inbox.open = false;
            (std::mem::take(&mut inbox.messages), inbox.waker.take())
        };
        drop(waker);
        for message in messages {
            match message {
                Message::Wake(_) => message.deliver(),
                Message::Call(callback) => {
                    unwind::contain("dropping a callback of an event loop", || drop(callback));
                }
            }
        }
    }
}

#[cfg(all(test, loom))]
mod model;
