//! A blocking writer as an asynchronous one.

use std::fmt;
use std::io::{self, ErrorKind, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;

use super::{DEFAULT_CAPACITY, TaskSide, io_error};
use crate::job::Submission;
use crate::job::handler::Handler;
use crate::pool::Pool;

static HANDLER: Handler = Handler::named("Pool::writer");

/// Writes to a writer that blocks, such as a file or an encoder; from [`Pool::writer`].
///
/// A write copies the bytes into a buffer, submits a job that writes them, and returns. The next
/// call waits for that job, and returns its error if it had one. So **flush** to know that bytes
/// were written: it waits for them, and calls the writer's own `flush`. A shutdown does the same,
/// and closes nothing; the writer is closed when it is dropped.
///
/// Errors are those of the writer, and of the job: an [`Error`](crate::Error) in an [`io::Error`]
/// of the kind [`TimedOut`](ErrorKind::TimedOut) after the deadline of the request or
/// [scope](crate::job::within), [`BrokenPipe`](ErrorKind::BrokenPipe) from a closed pool, and
/// [`Other`](ErrorKind::Other) after a panic in `write`, as from all calls after it. After any
/// other error the bytes that were accepted and not written are kept, and the next call begins with
/// them.
///
/// Dropping it lets the job write on that has the last bytes, and drops the writer on the pool,
/// unless that is closed or [refuses](Submission::detach) the job. Nobody is told whether that
/// succeeds.
pub struct Writer<W: Write + Send + 'static> {
    // Declared before what the job uses, and so dropped before it.
    job: Option<Submission<io::Result<()>>>,
    task_side: TaskSide<State<W>>,
    capacity: usize,
}

struct State<W> {
    writer: W,
    /// What was accepted. The first `written` bytes were written.
    buffer: Vec<u8>,
    written: usize,
    /// True if nothing was accepted since the writer was flushed.
    is_flushed: bool,
}

/// What a job is to do when the buffer is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    End,
    Flush,
}

impl<W: Write + Send + 'static> Writer<W> {
    pub(super) fn new(pool: &Pool, writer: W) -> Self {
        let state = State { writer, buffer: Vec::new(), written: 0, is_flushed: true };
        Self { job: None, task_side: TaskSide::new(pool, state), capacity: DEFAULT_CAPACITY }
    }

    /// Sets how many bytes one job writes at the most, 1 or more. Default: 65,536.
    ///
    /// # Panics
    ///
    /// If `bytes` is 0.
    #[must_use]
    pub fn capacity(mut self, bytes: usize) -> Self {
        assert!(bytes > 0, "the buffer of a writer must hold a byte");
        self.capacity = bytes;
        self
    }

    fn submit_write(&mut self, then: Then) {
        let submission = self.task_side.submit(&HANDLER, move |state| state.write_out(then));
        // Nobody polls it before the next call.
        submission.wait_for_room();
        self.job = Some(submission);
    }

    /// Waits for the job that runs, if one does.
    fn poll_job(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(job) = &mut self.job {
            let outcome = ready!(Pin::new(job).poll(cx));
            self.job = None;
            outcome.map_err(io_error)??;
        }
        Poll::Ready(Ok(()))
    }
}

impl<W: Write> State<W> {
    fn is_empty(&self) -> bool {
        self.written == self.buffer.len()
    }

    fn accept(&mut self, bytes: &[u8]) {
        self.buffer.clear();
        self.buffer.extend_from_slice(bytes);
        self.written = 0;
        self.is_flushed = false;
    }

    /// Writes what is in the buffer. After an error the rest stays there.
    fn write_out(&mut self, then: Then) -> io::Result<()> {
        while !self.is_empty() {
            match self.writer.write(&self.buffer[self.written..]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(bytes) => self.written += bytes,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        if then == Then::Flush && !self.is_flushed {
            self.writer.flush()?;
            self.is_flushed = true;
        }
        Ok(())
    }
}

impl<W: Write + Send + 'static> AsyncWrite for Writer<W> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        loop {
            ready!(this.poll_job(cx))?;
            if bytes.is_empty() {
                return Poll::Ready(Ok(0));
            }
            let accepted = bytes.len().min(this.capacity);
            let state = this.task_side.try_lock()?.filter(|state| state.is_empty());
            let is_accepted = state.map(|mut state| state.accept(&bytes[..accepted])).is_some();
            // If not, an earlier job has left bytes, or still writes though it was given up.
            this.submit_write(Then::End);
            if is_accepted {
                return Poll::Ready(Ok(accepted));
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            ready!(this.poll_job(cx))?;
            if this.task_side.try_lock()?.is_some_and(|state| state.is_flushed) {
                return Poll::Ready(Ok(()));
            }
            this.submit_write(Then::Flush);
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

/// Nothing in it is pinned.
impl<W: Write + Send + 'static> Unpin for Writer<W> {}

impl<W: Write + Send + 'static> Drop for Writer<W> {
    fn drop(&mut self) {
        if let Some(job) = self.job.take() {
            job.detach();
        }
    }
}

impl<W: Write + Send + 'static> fmt::Debug for Writer<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("pool", &self.task_side.pool).finish_non_exhaustive()
    }
}
