//! How many jobs of one handler run at a time, in pools that have handlers with such a limit.
//!
//! A job that a worker has taken out of its lane, and whose handler runs as often as it may, waits
//! here and keeps its room in the queue. Whoever ends a job of the handler runs the next one. So
//! jobs of a handler begin in the order in which workers took them, and need no wake-up.
//!
//! One lock decides each race: a job that comes while another ends either finds its place free, or
//! is found here by the one that ends.

use std::collections::{HashMap, VecDeque};
use std::mem;
use std::num::NonZero;
use std::sync::Arc;

use super::Queued;
use crate::sync::Mutex;

/// A limit and what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ConcurrencyLimit {
    /// The number of the handler.
    pub(crate) handler: usize,
    pub(crate) most: NonZero<u32>,
}

pub(crate) struct ConcurrencyLimits<T: ?Sized> {
    handlers: Mutex<HashMap<usize, Items<T>>>,
}

/// The items of one handler.
struct Items<T: ?Sized> {
    running: u32,
    waiting: VecDeque<Arc<T>>,
}

/// Whether an item may begin.
pub(crate) enum Turn<T: ?Sized> {
    Now(Arc<T>),
    /// It waits for the end of another.
    Later,
}

impl<T: Queued + ?Sized> ConcurrencyLimits<T> {
    pub(crate) fn new() -> Self {
        Self { handlers: Mutex::new(HashMap::new()) }
    }

    /// Takes a place for an item that is about to begin, or has it wait for one.
    pub(crate) fn begin(&self, limit: ConcurrencyLimit, item: Arc<T>) -> Turn<T> {
        let mut handlers = self.handlers.lock();
        let handler = handlers
            .entry(limit.handler)
            .or_insert_with(|| Items { running: 0, waiting: VecDeque::new() });
        if handler.running < limit.most.get() {
            handler.running += 1;
            return Turn::Now(item);
        }
        let tombstones = handler.make_room();
        handler.waiting.push_back(item);
        drop(handlers);
        drop(tombstones);
        Turn::Later
    }

    /// Notes that an item has ended. Returns the next one, which has its place.
    pub(crate) fn end(&self, limit: ConcurrencyLimit) -> Option<Arc<T>> {
        let mut tombstones = Vec::new();
        let mut handlers = self.handlers.lock();
        let handler = handlers.get_mut(&limit.handler)?;
        while let Some(item) = handler.waiting.pop_front() {
            if !item.is_tombstone() {
                drop(handlers);
                return Some(item);
            }
            tombstones.push(item);
        }
        handler.running -= 1;
        if handler.running == 0 {
            handlers.remove(&limit.handler);
        }
        drop(handlers);
        None
    }

    /// Returns the number of items of this handler that wait for a place, tombstones included.
    pub(crate) fn waiting(&self, limit: ConcurrencyLimit) -> usize {
        self.handlers.lock().get(&limit.handler).map_or(0, |handler| handler.waiting.len())
    }

    /// Takes all items that wait.
    pub(crate) fn drain(&self) -> Vec<Arc<T>> {
        let mut handlers = self.handlers.lock();
        handlers.values_mut().flat_map(|handler| mem::take(&mut handler.waiting)).collect()
    }
}

impl<T: Queued + ?Sized> Items<T> {
    /// Takes the tombstones out before the list would grow. They are dropped without the lock.
    fn make_room(&mut self) -> VecDeque<Arc<T>> {
        if self.waiting.len() < self.waiting.capacity() {
            return VecDeque::new();
        }
        let (tombstones, waiting) =
            mem::take(&mut self.waiting).into_iter().partition(|item| item.is_tombstone());
        self.waiting = waiting;
        tombstones
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::queue::{AtomicPosition, Behavior};

    struct Item {
        number: u32,
        position: AtomicPosition,
        over: AtomicBool,
    }

    impl Queued for Item {
        fn position(&self) -> &AtomicPosition {
            &self.position
        }

        fn is_tombstone(&self) -> bool {
            self.over.load(Ordering::SeqCst)
        }

        fn behavior(&self) -> Behavior {
            Behavior::Unknown
        }
    }

    fn item(number: u32) -> Arc<Item> {
        let over = AtomicBool::new(false);
        Arc::new(Item { number, position: AtomicPosition::new(), over })
    }

    fn limit(most: u32) -> ConcurrencyLimit {
        ConcurrencyLimit { handler: 1, most: NonZero::new(most).unwrap() }
    }

    #[cfg(not(loom))]
    #[test]
    fn items_begin_in_their_order_and_those_that_are_over_do_not() {
        let limits = ConcurrencyLimits::new();
        let items: Vec<_> = (0..6).map(item).collect();
        let begins = |number: usize| {
            matches!(limits.begin(limit(2), Arc::clone(&items[number])), Turn::Now(_))
        };
        let begun: Vec<_> = (0..6).map(begins).collect();
        assert_eq!(begun, [true, true, false, false, false, false]);
        items[3].over.store(true, Ordering::SeqCst);
        let next = || limits.end(limit(2)).map(|item| item.number);
        assert_eq!(
            [next(), next(), next(), next(), next()],
            [Some(2), Some(4), Some(5), None, None]
        );
        assert_eq!(Arc::strong_count(&items[3]), 1);
        assert!(limits.handlers.lock().is_empty());
    }

    #[cfg(not(loom))]
    #[test]
    fn items_that_are_over_do_not_pile_up() {
        let limits = ConcurrencyLimits::new();
        assert!(matches!(limits.begin(limit(1), item(0)), Turn::Now(_)));
        for number in 0..10_000 {
            let item = item(number);
            assert!(matches!(limits.begin(limit(1), Arc::clone(&item)), Turn::Later));
            item.over.store(true, Ordering::SeqCst);
        }
        assert!(limits.waiting(limit(1)) < 100);
    }

    /// An item that comes while another ends runs, and never beside it.
    #[cfg(loom)]
    #[test]
    fn of_two_items_each_runs_and_one_at_a_time() {
        use loom::sync::atomic::AtomicU32;
        use loom::thread;

        loom::model(|| {
            let limits = Arc::new(ConcurrencyLimits::new());
            let (running, ran) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
            let work = |number| {
                let (limits, running, ran) =
                    (Arc::clone(&limits), Arc::clone(&running), Arc::clone(&ran));
                move || {
                    let Turn::Now(first) = limits.begin(limit(1), item(number)) else { return };
                    let mut next = Some(first);
                    while next.is_some() {
                        assert_eq!(running.fetch_add(1, Ordering::SeqCst), 0);
                        running.fetch_sub(1, Ordering::SeqCst);
                        ran.fetch_add(1, Ordering::SeqCst);
                        next = limits.end(limit(1));
                    }
                }
            };
            let other = thread::spawn(work(1));
            work(2)();
            other.join().unwrap();
            assert_eq!(ran.load(Ordering::SeqCst), 2);
        });
    }
}
