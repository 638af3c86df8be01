//! An event loop: one thread, its mailbox, and the handle by which other threads reach it.
//!
//! A worker that has finished a job does not wake the loop for each result. It posts the waiting task's
//! waker to the loop's mailbox; the loop's main task empties the mailbox and wakes the tasks on the loop's own
//! thread. However many results come while the loop is busy, they cost it one wake-up. This is Tornado's
//! `IOLoop.add_callback`.
//!
//! # The mailbox's invariant
//!
//! *If there is a letter in an open mailbox, a wake-up of the loop's main task is on its way, or the main task
//! is running and will look again.* Who keeps it in each race, all under the one lock:
//!
//! - two posts: the one that finds the mailbox empty wakes; the other finds a letter, so a wake-up is on its way.
//! - post and drain: the drain takes all letters and leaves its waker in the same critical section. A post before
//!   it is taken; a post after it finds the mailbox empty and wakes.
//! - post and close: a letter posted to a closed mailbox is handed back, and its poster delivers or drops it.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use crossbeam_utils::CachePadded;

use crate::sync::Mutex;
use crate::unwind;

/// A loop that has not started. It belongs to the thread that [runs](Self::run) it.
///
/// ```
/// use unblock_runtime::{EventLoop, Pool};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// let here = std::thread::current().id();
/// runtime.block_on(EventLoop::new().run(async move {
///     let there = Pool::global().submit(|| std::thread::current().id()).await.unwrap();
///     assert_ne!(here, there); // the work ran on a worker
///     assert_eq!(here, std::thread::current().id()); // and what follows runs on the loop
/// }));
/// ```
#[derive(Debug)]
pub struct EventLoop {
    handle: LoopHandle,
    // A loop is its thread: it must not be sent to another.
    not_send: PhantomData<*const ()>,
}

impl EventLoop {
    /// A new loop with an empty mailbox.
    pub fn new() -> Self {
        Self { handle: LoopHandle { mailbox: Arc::new(Mailbox::new()) }, not_send: PhantomData }
    }

    /// A handle to this loop, for other threads. Callbacks that are added before the loop runs wait for it.
    pub fn handle(&self) -> LoopHandle {
        self.handle.clone()
    }

    /// Runs `future` as the main task of this loop.
    ///
    /// Poll it with whatever blocks on a future on this thread: the `block_on` of tokio's `LocalRuntime` or current-thread
    /// runtime, of a `LocalSet`, smol's. From the first poll until it ends or is dropped, this thread is the loop's:
    /// [`LoopHandle::current`] finds it, and results of jobs that are awaited on this thread come through its
    /// mailbox, whichever task awaits them. After that callbacks are refused.
    pub async fn run<F: Future>(self, future: F) -> F::Output {
        let _entered = Entered::enter(self.handle());
        let mut main = pin!(future);
        let mut batch = Vec::new();
        std::future::poll_fn(|cx| {
            self.handle.mailbox.deliver(cx, &mut batch);
            main.as_mut().poll(cx)
        })
        .await
    }
}

impl Drop for EventLoop {
    /// The loop has ended, or will never run.
    fn drop(&mut self) {
        self.handle.mailbox.close();
    }
}

impl Default for EventLoop {
    fn default() -> Self {
        Self::new()
    }
}

/// A way to reach a loop from any thread.
#[derive(Clone)]
pub struct LoopHandle {
    mailbox: Arc<Mailbox>,
}

impl LoopHandle {
    /// The loop that this thread runs, if it runs one.
    pub fn current() -> Option<Self> {
        // The thread may be ending, with its locals gone.
        CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
    }

    /// Whether `handle` is what [`current`](Self::current) finds.
    #[inline]
    pub(crate) fn is_current(handle: Option<&Self>) -> bool {
        let is_same = |current: Option<&Self>| match (current, handle) {
            (Some(current), Some(handle)) => Arc::ptr_eq(&current.mailbox, &handle.mailbox),
            (None, None) => true,
            _ => false,
        };
        CURRENT
            .try_with(|current| is_same(current.borrow().as_ref()))
            .unwrap_or_else(|_| is_same(None))
    }

    /// Runs `callback` on the loop's thread, soon and in order. Callable from any thread; does not block.
    ///
    /// A callback must not block: the loop waits for it. A panic in it is logged, and the loop goes on.
    ///
    /// # Errors
    ///
    /// [`LoopClosed`] when the loop has ended; `callback` is dropped. A loop that ends later drops, without
    /// running them, the callbacks that it has not come to.
    pub fn add_callback(&self, callback: impl FnOnce() + Send + 'static) -> Result<(), LoopClosed> {
        self.mailbox.post(Letter::Call(Box::new(callback))).map_err(|_| LoopClosed)
    }

    /// Wakes a task on the loop's thread. A loop that has ended cannot, so the waker is called here.
    pub(crate) fn wake(&self, waker: Waker) {
        if let Err(letter) = self.mailbox.post(Letter::Wake(waker)) {
            letter.deliver();
        }
    }
}

impl fmt::Debug for LoopHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoopHandle").finish_non_exhaustive()
    }
}

/// The loop has ended: nothing can be run on it any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoopClosed;

impl fmt::Display for LoopClosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the event loop has ended")
    }
}

impl std::error::Error for LoopClosed {}

thread_local! {
    static CURRENT: RefCell<Option<LoopHandle>> = const { RefCell::new(None) };
}

/// While it lives, this thread runs the loop. A loop inside a loop's task is possible: the outer one comes back.
struct Entered {
    outer: Option<LoopHandle>,
}

impl Entered {
    fn enter(handle: LoopHandle) -> Self {
        Self { outer: CURRENT.replace(Some(handle)) }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        // The thread may be ending, with its locals gone; then there is nothing to put back.
        let _ = CURRENT.try_with(|current| current.replace(self.outer.take()));
    }
}

/// Room for so many letters stays with a mailbox when a burst is over: 24 KiB.
const LETTERS_KEPT: usize = 1024;

enum Letter {
    Wake(Waker),
    Call(Box<dyn FnOnce() + Send>),
}

impl Letter {
    fn deliver(self) {
        match self {
            // Letters behind this one wait; and neither it nor they are the main task's fault.
            Self::Wake(waker) => unwind::contain("a waker", || waker.wake()),
            Self::Call(callback) => unwind::contain("a callback of an event loop", callback),
        }
    }
}

struct Mailbox {
    /// Workers write here, so it is off the cache line of the handles' count, which the loop writes with each job.
    slot: CachePadded<Mutex<Slot>>,
}

struct Slot {
    letters: Vec<Letter>,
    /// The main task's, while it waits.
    waker: Option<Waker>,
    open: bool,
}

impl Mailbox {
    fn new() -> Self {
        Self {
            slot: CachePadded::new(Mutex::new(Slot {
                letters: Vec::new(),
                waker: None,
                open: true,
            })),
        }
    }

    fn post(&self, letter: Letter) -> Result<(), Letter> {
        let mut slot = self.slot.lock();
        if !slot.open {
            return Err(letter);
        }
        slot.letters.push(letter);
        let waker = slot.waker.take();
        drop(slot);
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(())
    }

    /// Delivers what is there, then sees to it that the next letter wakes the task of `cx`.
    ///
    /// It delivers one batch: letters that come meanwhile wake the task again, so that the loop's sockets get
    /// their turn in between. `batch` is empty between calls; the letters' two vectors take turns, so that those who
    /// post need not allocate.
    fn deliver(&self, cx: &mut Context<'_>, batch: &mut Vec<Letter>) {
        {
            let mut slot = self.slot.lock();
            if slot.waker.as_ref().is_none_or(|waker| !waker.will_wake(cx.waker())) {
                slot.waker = Some(cx.waker().clone());
            }
            std::mem::swap(&mut slot.letters, batch);
        }
        for letter in batch.drain(..) {
            letter.deliver();
        }
        batch.shrink_to(LETTERS_KEPT);
    }

    fn close(&self) {
        let left = {
            let mut slot = self.slot.lock();
            slot.open = false;
            slot.waker = None;
            std::mem::take(&mut slot.letters)
        };
        for letter in left {
            // Tasks may outlive the loop's main task; callbacks were promised to the loop alone.
            if let Letter::Wake(_) = letter {
                letter.deliver();
            }
        }
    }
}

#[cfg(all(test, loom))]
mod model;
