//! Blocking iterators as streams.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use futures_core::Stream;
use unblock_runtime::stream::IterStream;
use unblock_runtime::{Error, EventLoop, Pool, job};

use crate::support::{Gate, Ledger, block_on, eventually, hold, next, single};

async fn next_of<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    poll_fn(|cx| Pin::new(&mut *stream).poll_next(cx)).await
}

fn poll_once<S: Stream + Unpin>(stream: &mut S) -> Poll<Option<S::Item>> {
    Pin::new(stream).poll_next(&mut Context::from_waker(Waker::noop()))
}

/// An iterator that counts what it gives, and says on which thread it is dropped.
struct Counts {
    given: Arc<AtomicUsize>,
    dropped_on: mpsc::Sender<thread::ThreadId>,
}

impl Iterator for Counts {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        Some(self.given.fetch_add(1, Ordering::SeqCst))
    }
}

impl Drop for Counts {
    fn drop(&mut self) {
        let _ = self.dropped_on.send(thread::current().id());
    }
}

fn counts() -> (Counts, Arc<AtomicUsize>, mpsc::Receiver<thread::ThreadId>) {
    let given = Arc::new(AtomicUsize::new(0));
    let (dropped_on, drops) = mpsc::channel();
    (Counts { given: Arc::clone(&given), dropped_on }, given, drops)
}

#[test]
fn all_items_come_in_order_and_then_none_for_good() {
    let pool = Pool::builder().parallelism(2).build().unwrap();
    for capacity in [1, 2, 3, 64, 100_000] {
        let mut stream = pool.stream(0..1000).capacity(capacity);
        for expected in 0..1000 {
            assert_eq!(block_on(next_of(&mut stream)).unwrap().unwrap(), expected);
        }
        assert!(block_on(next_of(&mut stream)).is_none());
        assert!(block_on(next_of(&mut stream)).is_none());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let sum = runtime.block_on(EventLoop::new().run(async {
        let mut stream = pool.stream(0..1000_u64);
        let mut sum = 0;
        while let Some(item) = next_of(&mut stream).await {
            sum += item.unwrap();
        }
        sum
    }));
    assert_eq!(sum, 499_500);
}

#[test]
fn an_item_comes_before_the_next_one_is_there() {
    let pool = single(8);
    let (give, given) = mpsc::channel::<u8>();
    let mut stream = pool.stream(given.into_iter());
    for item in 0..10 {
        assert!(poll_once(&mut stream).is_pending());
        give.send(item).unwrap();
        assert_eq!(block_on(next_of(&mut stream)).unwrap().unwrap(), item);
    }
    drop(give);
    assert!(block_on(next_of(&mut stream)).is_none());
}

#[test]
fn nothing_is_asked_before_the_first_poll_and_no_more_than_the_buffer_holds_ahead() {
    let pool = single(8);
    let (iterator, given, _drops) = counts();
    let mut stream = pool.stream(iterator).capacity(8);
    block_on(pool.submit(|| ())).unwrap();
    assert_eq!(given.load(Ordering::SeqCst), 0);
    let _ = poll_once(&mut stream);
    eventually("the buffer is full", || given.load(Ordering::SeqCst) == 8);
    // The thread is free, though the consumer takes nothing.
    block_on(pool.submit(|| ())).unwrap();
    assert_eq!((given.load(Ordering::SeqCst), pool.stats().running), (8, 0));
    // With half of it gone there is more, unasked.
    for expected in 0..4 {
        assert_eq!(block_on(next_of(&mut stream)).unwrap().unwrap(), expected);
    }
    eventually("the buffer is full again", || given.load(Ordering::SeqCst) == 12);
}

#[test]
fn a_dropped_stream_ends_the_iteration_and_its_iterator_is_dropped_on_the_pool() {
    let pool = single(8);
    let here = thread::current().id();
    // Once while the iterator waits for the consumer, and once before the first poll.
    for is_polled in [true, false] {
        let (iterator, given, drops) = counts();
        let mut stream = pool.stream(iterator).capacity(2);
        if is_polled {
            let _ = poll_once(&mut stream);
            eventually("the buffer is full", || given.load(Ordering::SeqCst) == 2);
            block_on(pool.submit(|| ())).unwrap();
        }
        drop(stream);
        assert_ne!(next(&drops), here);
    }
}

#[test]
fn a_stream_that_is_dropped_during_a_turn_tells_the_iterator_and_asks_it_no_more() {
    let pool = single(8);
    let (begun, begins) = mpsc::channel();
    let (told, tells) = mpsc::channel();
    let gate = Gate::new();
    let at = gate.clone();
    let guard = Ledger::default();
    let items = guard.clone();
    let mut stream = pool.stream(std::iter::repeat_with(move || {
        begun.send(()).unwrap();
        at.wait();
        told.send(job::is_cancelled()).unwrap();
        items.guard()
    }));
    assert!(poll_once(&mut stream).is_pending());
    next(&begins);
    drop(stream);
    gate.open();
    assert!(next(&tells), "it was not told");
    block_on(pool.submit(|| ())).unwrap();
    assert!(begins.try_recv().is_err(), "it was asked again");
    assert_eq!((guard.made(), guard.dropped()), (1, 1));
}

#[test]
fn a_panic_comes_after_the_items_before_it_and_ends_the_stream() {
    let pool = single(8);
    let mut stream = pool.stream((0..5).inspect(|&n| assert!(n < 3, "the iterator panics")));
    for expected in 0..3 {
        assert_eq!(block_on(next_of(&mut stream)).unwrap().unwrap(), expected);
    }
    match block_on(next_of(&mut stream)) {
        Some(Err(Error::Panicked(panicked))) => {
            assert_eq!(panicked.message(), Some("the iterator panics"));
        }
        other => panic!("{other:?}"),
    }
    assert!(block_on(next_of(&mut stream)).is_none());
}

#[test]
fn a_closed_pool_ends_the_stream_after_the_items_that_are_there() {
    let pool = single(8);
    let (iterator, given, drops) = counts();
    let mut stream = pool.stream(iterator).capacity(4);
    let _ = poll_once(&mut stream);
    eventually("the buffer is full", || given.load(Ordering::SeqCst) == 4);
    assert!(block_on(pool.shutdown(Duration::MAX)).is_complete());
    // The first poll may have had an item already.
    let mut items = 0;
    let end = loop {
        match block_on(next_of(&mut stream)) {
            Some(Ok(_)) => items += 1,
            end => break end,
        }
    };
    assert!((3..=4).contains(&items), "{items}");
    assert!(matches!(end, Some(Err(Error::Closed))), "{end:?}");
    assert!(block_on(next_of(&mut stream)).is_none());
    next(&drops);
}

#[test]
fn a_shutdown_that_cancels_ends_an_iterator_that_has_no_end() {
    let pool = single(8);
    let mut stream = pool.stream(0_u64..).capacity(usize::MAX);
    assert_eq!(block_on(next_of(&mut stream)).unwrap().unwrap(), 0);
    let report = block_on(pool.shutdown(Duration::MAX).cancel_after(Duration::ZERO));
    assert_eq!((report.finished, report.running), (1, 0));
    let end = std::iter::from_fn(|| block_on(next_of(&mut stream))).find(Result::is_err);
    assert!(matches!(end, Some(Err(Error::Cancelled))), "{end:?}");
}

#[test]
fn a_turn_waits_for_room_in_a_full_queue_and_ends_at_the_deadline_of_the_scope() {
    let pool = single(1);
    let held = hold(&pool);
    let queued = pool.submit(|| ());
    let mut waits = pool.stream(0..3);
    assert!(poll_once(&mut waits).is_pending());
    assert_eq!(pool.stats().waiting, 1);
    let mut late = pool.stream(0..3);
    let end = block_on(job::within(Duration::ZERO, next_of(&mut late)));
    assert!(matches!(end, Some(Err(Error::TimedOut))), "{end:?}");
    held.release();
    block_on(queued).unwrap();
    assert_eq!(block_on(next_of(&mut waits)).unwrap().unwrap(), 0);
}

#[test]
fn a_stream_goes_between_threads() {
    fn goes<T: Send + Sync + Unpin + 'static>() {}
    goes::<IterStream<std::vec::IntoIter<u8>>>();
}
