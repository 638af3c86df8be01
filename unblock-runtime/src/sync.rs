//! The locks and atomics of the concurrent parts: the standard library's, or the model checker's
//! under `cfg(loom)`.

#[cfg(loom)]
pub(crate) use loom::sync::atomic;
#[cfg(not(loom))]
pub(crate) use std::sync::atomic;

#[cfg(loom)]
use loom::sync as types;
#[cfg(not(loom))]
use std::sync as types;

pub(crate) use types::MutexGuard;

/// Stands between two sequentially consistent accesses, the second of which must not miss what
/// another thread did before its own first. The language orders them as they are. The model checker
/// does so for fences only.
#[inline]
pub(crate) fn between_seq_cst() {
    #[cfg(loom)]
    atomic::fence(atomic::Ordering::SeqCst);
}

/// A mutex that is never poisoned. No code of a user runs while one is held, so there is no
/// half-finished change to warn of.
#[derive(Debug)]
pub(crate) struct Mutex<T>(types::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(types::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Locks the mutex if nobody holds it.
    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        match self.0.try_lock() {
            Ok(guard) => Some(guard),
            Err(std::sync::TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(std::sync::TryLockError::WouldBlock) => None,
        }
    }

    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.0.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(not(loom))]
pub(crate) use crossbeam_channel as channel;

/// A channel for the model checker, with the part of crossbeam's interface that is used here.
#[cfg(loom)]
pub(crate) mod channel {
    use std::collections::VecDeque;
    use std::sync::Arc;

    use super::Mutex;

    pub(crate) struct Sender<T> {
        items: Arc<Mutex<VecDeque<T>>>,
        slots: usize,
    }

    pub(crate) struct Receiver<T>(Arc<Mutex<VecDeque<T>>>);

    pub(crate) struct Full<T>(T);

    impl<T> Full<T> {
        pub(crate) fn into_inner(self) -> T {
            self.0
        }
    }

    pub(crate) fn bounded<T>(slots: usize) -> (Sender<T>, Receiver<T>) {
        let items = Arc::new(Mutex::new(VecDeque::new()));
        (Sender { items: Arc::clone(&items), slots }, Receiver(items))
    }

    pub(crate) fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
        bounded(usize::MAX)
    }

    impl<T> Sender<T> {
        pub(crate) fn try_send(&self, item: T) -> Result<(), Full<T>> {
            let mut items = self.items.lock();
            if items.len() == self.slots {
                return Err(Full(item));
            }
            items.push_back(item);
            Ok(())
        }
    }

    impl<T> Receiver<T> {
        pub(crate) fn try_recv(&self) -> Result<T, ()> {
            self.0.lock().pop_front().ok_or(())
        }

        pub(crate) fn try_iter(&self) -> impl Iterator<Item = T> {
            std::iter::from_fn(|| self.try_recv().ok())
        }

        pub(crate) fn is_empty(&self) -> bool {
            self.0.lock().is_empty()
        }

        pub(crate) fn len(&self) -> usize {
            self.0.lock().len()
        }
    }
}

/// Blocks and wakes threads.
#[cfg(not(loom))]
pub(crate) mod thread {
    pub(crate) use std::thread::{Thread, current, park, park_timeout};
}

/// Blocking and waking a thread, for the model checker. Its own `unpark` is lost on a thread that
/// waits for a lock, and a flag under a lock is not. A timed wait waits for its wake-up, because
/// the model has no time.
#[cfg(loom)]
pub(crate) mod thread {
    use std::sync::Arc;

    use loom::sync::{Condvar, Mutex};

    #[derive(Clone)]
    pub(crate) struct Thread(Arc<(Mutex<bool>, Condvar)>);

    loom::thread_local! {
        static CURRENT: Thread = Thread(Arc::new((Mutex::new(false), Condvar::new())));
    }

    impl Thread {
        pub(crate) fn unpark(&self) {
            *self.0.0.lock().unwrap() = true;
            self.0.1.notify_one();
        }
    }

    pub(crate) fn current() -> Thread {
        CURRENT.with(Clone::clone)
    }

    pub(crate) fn park() {
        let thread = current();
        let mut woken = thread.0.0.lock().unwrap();
        while !std::mem::take(&mut *woken) {
            woken = thread.0.1.wait(woken).unwrap();
        }
    }

    pub(crate) fn park_timeout(_timeout: std::time::Duration) {
        park();
    }
}
