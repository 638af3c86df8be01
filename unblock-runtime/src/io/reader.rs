//! A blocking reader as an asynchronous one.

use std::fmt;
use std::io::{self, ErrorKind, Read};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

use super::{DEFAULT_CAPACITY, TaskSide, io_error};
use crate::job::Submission;
use crate::job::handler::Handler;
use crate::pool::Pool;

static HANDLER: Handler = Handler::named("Pool::reader");

/// Reads from a reader that blocks, such as a file or a decoder; from [`Pool::reader`].
///
/// A call for bytes that are not in the buffer submits a job, which reads once, as much as the
/// buffer holds. Nothing is read ahead of the first call.
///
/// Errors are those of the reader, and of the job: an [`Error`](crate::Error) in an [`io::Error`]
/// of the kind [`TimedOut`](ErrorKind::TimedOut) after the deadline of the request or
/// [scope](crate::job::within), [`BrokenPipe`](ErrorKind::BrokenPipe) from a closed pool, and
/// [`Other`](ErrorKind::Other) after a panic in `read`, as from all calls after it. No bytes are
/// lost by any other: a read that was given up puts its bytes where the next call finds them, and
/// so does one whose future is dropped.
///
/// The reader is dropped on the pool, unless that is closed or [refuses](Submission::detach) the
/// job.
pub struct Reader<R: Read + Send + 'static> {
    // Declared before what the job uses, and so dropped before it.
    job: Option<Submission<io::Result<()>>>,
    task_side: TaskSide<State<R>>,
    capacity: usize,
}

struct State<R> {
    reader: R,
    /// What was read. The first `taken` bytes were given to the caller.
    buffer: Vec<u8>,
    taken: usize,
    /// What the last read returned, if it brought no bytes: an error, or the end.
    end: Option<io::Result<()>>,
}

impl<R: Read + Send + 'static> Reader<R> {
    pub(super) fn new(pool: &Pool, reader: R) -> Self {
        let state = State { reader, buffer: Vec::new(), taken: 0, end: None };
        Self { job: None, task_side: TaskSide::new(pool, state), capacity: DEFAULT_CAPACITY }
    }

    /// Sets how many bytes one job reads at the most, 1 or more. Default: 65,536.
    ///
    /// # Panics
    ///
    /// If `bytes` is 0.
    #[must_use]
    pub fn capacity(mut self, bytes: usize) -> Self {
        assert!(bytes > 0, "the buffer of a reader must hold a byte");
        self.capacity = bytes;
        self
    }

    fn submit_read(&self) -> Submission<io::Result<()>> {
        let capacity = self.capacity;
        self.task_side.submit(&HANDLER, move |state| {
            state.fill(capacity);
            Ok(())
        })
    }
}

impl<R: Read> State<R> {
    /// Reads once, unless there are bytes that nobody has taken.
    fn fill(&mut self, capacity: usize) {
        if self.taken < self.buffer.len() || self.end.is_some() {
            return;
        }
        self.taken = 0;
        self.buffer.resize(capacity, 0);
        let read = loop {
            match self.reader.read(&mut self.buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.buffer.truncate(*read.as_ref().unwrap_or(&0));
        if self.buffer.is_empty() {
            self.end = Some(read.map(drop));
        }
    }

    /// Gives the caller what there is: bytes, an error, or the end. Returns `None` if there is
    /// nothing.
    fn give(&mut self, to: &mut ReadBuf<'_>) -> Option<io::Result<()>> {
        let unread = &self.buffer[self.taken..];
        if unread.is_empty() {
            return self.end.take();
        }
        let bytes = unread.len().min(to.remaining());
        to.put_slice(&unread[..bytes]);
        self.taken += bytes;
        Some(Ok(()))
    }
}

impl<R: Read + Send + 'static> AsyncRead for Reader<R> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if to.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        loop {
            if let Some(job) = &mut this.job {
                let read = ready!(Pin::new(job).poll(cx));
                this.job = None;
                read.map_err(io_error)??;
            }
            let state = this.task_side.try_lock()?;
            if let Some(given) = state.and_then(|mut state| state.give(to)) {
                return Poll::Ready(given);
            }
            this.job = Some(this.submit_read());
        }
    }
}

/// Nothing in it is pinned.
impl<R: Read + Send + 'static> Unpin for Reader<R> {}

impl<R: Read + Send + 'static> fmt::Debug for Reader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("pool", &self.task_side.pool).finish_non_exhaustive()
    }
}
