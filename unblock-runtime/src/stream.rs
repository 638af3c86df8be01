//! A blocking iterator as a stream: the pool calls `next`, and the items come through a buffer.
//!
//! A job, one *turn*, pulls items until the buffer is full, and ends. It holds no thread while the
//! consumer is slow. The consumer submits the next turn when half of the buffer is empty.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::error::Error;
use crate::event_loop::Waiter;
use crate::job::handler::Handler;
use crate::job::{self, Submission, SubmitOptions};
use crate::pool::Pool;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, Ordering};

/// The number of items in the buffer unless the user chooses one.
const DEFAULT_CAPACITY: usize = 64;

static HANDLER: Handler = Handler::named("Pool::stream");

impl Pool {
    /// Returns a stream of what `iterator` gives, whose `next` runs on this pool and may block:
    /// a directory, the rows of a query, the lines of a file. Does not block, and calls nothing
    /// before the first poll. Needs the feature `stream`.
    ///
    /// ```
    /// use smol::stream::StreamExt;
    /// use unblock_runtime::Pool;
    ///
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    /// # runtime.block_on(async {
    /// let pool = Pool::global();
    /// let directory = pool.submit(|| std::fs::read_dir("src")).await.unwrap()?;
    /// let mut entries = pool.stream(directory);
    /// while let Some(Ok(entry)) = entries.next().await {
    ///     println!("{:?}", entry?.file_name());
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn stream<I>(&self, iterator: I) -> IterStream<I>
    where
        I: Iterator<Item: Send + 'static> + Send + 'static,
    {
        IterStream {
            pool: self.clone(),
            buffer: Arc::new(Buffer::new(DEFAULT_CAPACITY)),
            state: State::Paused(iterator),
            error: None,
        }
    }
}

/// The items of an iterator whose `next` blocks; from [`Pool::stream`].
///
/// Each item is `Ok`. An error is the last item but for `None`, and comes after those that the
/// iterator had given before: [`Panicked`](Error::Panicked) if `next` panicked,
/// [`Closed`](Error::Closed) and [`Cancelled`](Error::Cancelled) if the pool shut down,
/// [`TimedOut`](Error::TimedOut) if the deadline of the request or [scope](crate::job::within) in
/// which the stream is polled passed.
///
/// Dropping the stream ends the iteration: a call of `next` that runs already runs to its end, and
/// [`job::is_cancelled`] tells it. The iterator is dropped on the pool,
/// unless that is closed or [refuses](Submission::detach) the job, or a deadline passes before the
/// pool has begun to call it.
pub struct IterStream<I>
where
    I: Iterator<Item: Send + 'static> + Send + 'static,
{
    pool: Pool,
    buffer: Arc<Buffer<I::Item>>,
    state: State<I>,
    /// Why the iteration ended, until the consumer is told.
    error: Option<Error>,
}

enum State<I> {
    /// The iterator waits for the consumer.
    Paused(I),
    /// The pool has it.
    Turn(Submission<TurnEnd<I>>),
    Ended,
}

/// How a turn ended.
enum TurnEnd<I> {
    BufferFull(I),
    NoMoreItems,
    Cancelled,
}

impl<I> IterStream<I>
where
    I: Iterator<Item: Send + 'static> + Send + 'static,
{
    /// Sets how many items may wait for the consumer, 1 or more. Default: 64.
    ///
    /// # Panics
    ///
    /// If `items` is 0, or if the stream was polled before.
    #[must_use]
    pub fn capacity(mut self, items: usize) -> Self {
        assert!(items > 0, "the buffer of a stream must hold an item");
        let is_new = matches!(self.state, State::Paused(_)) && self.buffer.is_empty();
        assert!(is_new, "the stream was polled before");
        self.buffer = Arc::new(Buffer::new(items));
        self
    }

    /// Begins a turn if the iterator waits.
    fn begin_turn(&mut self) {
        if let Some(iterator) = self.take_paused() {
            let buffer = Arc::clone(&self.buffer);
            let options = SubmitOptions { handler: Some(&HANDLER), ..SubmitOptions::until(None) };
            let turn = self.pool.submit_with(move || buffer.fill(iterator), options);
            // The consumer may be busy with the items that are there, and not poll for a while.
            turn.wait_for_room();
            self.state = State::Turn(turn);
        }
    }

    /// Takes the iterator if it waits for the consumer.
    fn take_paused(&mut self) -> Option<I> {
        if !matches!(self.state, State::Paused(_)) {
            return None;
        }
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Paused(iterator) => Some(iterator),
            _ => None,
        }
    }

    /// Looks whether the turn, if there is one, has ended.
    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let State::Turn(turn) = &mut self.state {
            let end = std::task::ready!(Pin::new(turn).poll(cx));
            self.state = match end {
                Ok(TurnEnd::BufferFull(iterator)) => State::Paused(iterator),
                Ok(TurnEnd::NoMoreItems) => State::Ended,
                Ok(TurnEnd::Cancelled) => self.end_with(Error::Cancelled),
                Err(error) => self.end_with(error),
            };
        }
        Poll::Ready(())
    }

    fn end_with(&mut self, error: Error) -> State<I> {
        self.error = Some(error);
        State::Ended
    }
}

impl<I> Stream for IterStream<I>
where
    I: Iterator<Item: Send + 'static> + Send + 'static,
{
    type Item = Result<I::Item, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some((item, left)) = this.buffer.next_or_wait(cx) {
                let is_over = matches!(&this.state, State::Turn(turn) if turn.is_finished());
                if is_over && left <= this.buffer.capacity / 2 && this.poll_turn(cx).is_ready() {
                    this.begin_turn();
                }
                return Poll::Ready(Some(Ok(item)));
            }
            match this.state {
                State::Paused(_) => this.begin_turn(),
                State::Turn(_) => {}
                State::Ended => return Poll::Ready(this.error.take().map(Err)),
            }
            // When the turn has ended, the buffer has what it gave.
            std::task::ready!(this.poll_turn(cx));
        }
    }
}

/// Nothing in it is pinned.
impl<I> Unpin for IterStream<I> where I: Iterator<Item: Send + 'static> + Send + 'static {}

impl<I> Drop for IterStream<I>
where
    I: Iterator<Item: Send + 'static> + Send + 'static,
{
    /// Ends the turn, and drops the iterator on the pool, because its destructor may block.
    fn drop(&mut self) {
        self.buffer.consumer_is_gone.store(true, Ordering::SeqCst);
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Ended => {}
            state => {
                // A turn that has not begun finds that the consumer is gone. Cancelling it would
                // drop the iterator here.
                if let State::Turn(turn) = &state
                    && turn.has_begun()
                {
                    turn.cancel();
                }
                self.pool.submit(move || drop(state)).detach();
            }
        }
    }
}

impl<I> fmt::Debug for IterStream<I>
where
    I: Iterator<Item: Send + 'static> + Send + 'static,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IterStream").field("pool", &self.pool).finish_non_exhaustive()
    }
}

/// Items on their way from the pool to the consumer.
struct Buffer<T> {
    capacity: usize,
    items: Mutex<Items<T>>,
    consumer_is_gone: AtomicBool,
}

struct Items<T> {
    queue: VecDeque<T>,
    /// The consumer, while it waits for an item.
    consumer: Option<Waiter>,
}

impl<T> Buffer<T> {
    fn new(capacity: usize) -> Self {
        Self {
            capacity,
            items: Mutex::new(Items { queue: VecDeque::new(), consumer: None }),
            consumer_is_gone: AtomicBool::new(false),
        }
    }

    fn is_empty(&self) -> bool {
        self.items.lock().queue.is_empty()
    }

    /// Takes an item, and returns it with the number of those that are left. If there is none, the
    /// task of `cx` is woken when there is one.
    fn next_or_wait(&self, cx: &Context<'_>) -> Option<(T, usize)> {
        let mut waiter = Some(Waiter::new(cx));
        let mut items = self.items.lock();
        let next = items.queue.pop_front().map(|item| (item, items.queue.len()));
        if next.is_none() {
            std::mem::swap(&mut items.consumer, &mut waiter);
        }
        // A waker is the executor's code, so it is dropped without the lock.
        drop(items);
        drop(waiter);
        next
    }

    /// One turn: pulls items until the buffer is full.
    fn fill<I: Iterator<Item = T>>(&self, mut iterator: I) -> TurnEnd<I> {
        loop {
            if self.consumer_is_gone.load(Ordering::SeqCst) || job::is_cancelled() {
                return TurnEnd::Cancelled;
            }
            let Some(item) = iterator.next() else { return TurnEnd::NoMoreItems };
            let mut items = self.items.lock();
            items.queue.push_back(item);
            let is_full = items.queue.len() >= self.capacity;
            let consumer = items.consumer.take();
            drop(items);
            if let Some(consumer) = consumer {
                consumer.notify();
            }
            if is_full {
                return TurnEnd::BufferFull(iterator);
            }
        }
    }
}
