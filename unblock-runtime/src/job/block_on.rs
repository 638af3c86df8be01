//! Waiting for a future by blocking the thread, for code without an executor.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use crate::event_loop::Entered;

/// Blocks this thread until `future` is ready.
///
/// The thread runs no event loop meanwhile, even if it is one's, so that outcomes wake the thread
/// itself and do not lie in the mailbox of the loop that it blocks.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let _entered = Entered::enter(None);
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        thread::park();
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
