//! An event loop: one thread, its mailbox, and the handle by which other threads reach it.
//!
//! A worker that has finished a job does not wake the loop for each result. It posts the waker of
//! the waiting task to the loop's mailbox. The loop's main task empties the mailbox and wakes the
//! tasks on the loop's own thread. However many results come while the loop is busy, they cost it
//! one wake-up. This is Tornado's `IOLoop.add_callback`.

mod mailbox;
#[cfg(not(loom))]
mod rescue;
mod waiter;

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::pin;
use std::sync::Arc;
use std::task::Waker;

use self::mailbox::{Mailbox, Message};
pub(crate) use self::waiter::{Waiter, notify};

/// An event loop that has not started. It belongs to the thread that [runs](Self::run) it.
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
    // The loop is the thread that made it, so it must not be sent to another.
    not_send: PhantomData<*const ()>,
}

impl EventLoop {
    /// Creates a loop with an empty mailbox.
    pub fn new() -> Self {
        Self { handle: LoopHandle { mailbox: Arc::new(Mailbox::new()) }, not_send: PhantomData }
    }

    /// Returns a handle to this loop, for other threads. Callbacks that are added before the loop
    /// runs wait for it.
    pub fn handle(&self) -> LoopHandle {
        self.handle.clone()
    }

    /// Runs `future` as the main task of this loop.
    ///
    /// Poll it with any function that blocks on a future on this thread: the `block_on` of tokio's
    /// `LocalRuntime` or current-thread runtime, of a `LocalSet`, of smol. From the first poll
    /// until it ends or is dropped, this thread belongs to the loop: [`LoopHandle::current`] finds
    /// the loop, and results of jobs that are awaited on this thread come through its mailbox,
    /// whichever task awaits them. After that callbacks are refused.
    pub async fn run<F: Future>(self, future: F) -> F::Output {
        let _entered = Entered::enter(Some(self.handle()));
        self.handle.mailbox.set_thread();
        let mut main = pin!(future);
        let mut batch = Vec::new();
        std::future::poll_fn(|cx| {
            self.handle.mailbox.drain(cx, &mut batch);
            main.as_mut().poll(cx)
        })
        .await
    }
}

impl Drop for EventLoop {
    /// Closes the mailbox, because the loop has ended or will never run.
    fn drop(&mut self) {
        self.handle.mailbox.close();
    }
}

impl Default for EventLoop {
    fn default() -> Self {
        Self::new()
    }
}

/// Reaches an event loop from any thread.
#[derive(Clone)]
pub struct LoopHandle {
    mailbox: Arc<Mailbox>,
}

impl LoopHandle {
    /// Returns the loop that this thread runs, if it runs one.
    pub fn current() -> Option<Self> {
        // The thread may be ending, with its locals gone.
        CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
    }

    /// Returns true if `handle` is what [`current`](Self::current) finds.
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

    /// Runs `callback` on the loop's thread, soon and in the order of the calls. It may be called
    /// from any thread, and does not block.
    ///
    /// The callback must not block, because the loop waits for it. A panic in it is logged, and the
    /// loop goes on.
    ///
    /// # Errors
    ///
    /// [`LoopClosed`] if the loop has ended. `callback` is dropped then. A loop that ends later
    /// drops the callbacks that it has not run.
    pub fn add_callback(&self, callback: impl FnOnce() + Send + 'static) -> Result<(), LoopClosed> {
        self.mailbox.post(Message::Call(Box::new(callback))).map_err(|_| LoopClosed)
    }

    /// Wakes a task on the loop's thread, or on this thread if the loop has ended.
    pub(crate) fn wake(&self, waker: Waker) {
        if let Err(message) = self.mailbox.post(Message::Wake(waker)) {
            message.deliver();
        }
    }
}

impl fmt::Debug for LoopHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoopHandle").finish_non_exhaustive()
    }
}

/// The event loop has ended, so nothing can be run on it.
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

/// Makes a loop, or none, the current one of this thread until it is dropped. A loop may run inside
/// a task of another loop, which is the current one again afterwards.
pub(crate) struct Entered {
    outer: Option<LoopHandle>,
}

impl Entered {
    pub(crate) fn enter(handle: Option<LoopHandle>) -> Self {
        // The thread may be ending, with its locals gone; then it runs no loop.
        Self { outer: CURRENT.try_with(|current| current.replace(handle)).ok().flatten() }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        // The thread may be ending, with its locals gone; then there is nothing to put back.
        let _ = CURRENT.try_with(|current| current.replace(self.outer.take()));
    }
}
