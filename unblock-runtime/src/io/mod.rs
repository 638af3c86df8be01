//! Blocking readers and writers as tokio's asynchronous ones: the pool calls `read` and `write`,
//! and the bytes go through a buffer.
//!
//! Both sides share what is read or written. A job locks it while it blocks; the task looks at it
//! when no job runs, and does not wait for the lock. So a job that never ran, or was given up at
//! its deadline, leaves everything in place, and the next call goes on from there.

mod reader;
mod writer;

use std::io::{self, ErrorKind, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};

pub use self::reader::Reader;
pub use self::writer::Writer;
use crate::error::Error;
use crate::job::handler::Handler;
use crate::job::{Submission, SubmitOptions};
use crate::pool::Pool;

/// The number of bytes that a buffer holds unless the user chooses one.
const DEFAULT_CAPACITY: usize = 64 * 1024;

impl Pool {
    /// Returns an asynchronous reader whose jobs on this pool read from `reader`. Does not block,
    /// and reads nothing yet. Needs the feature `io`.
    ///
    /// ```
    /// use tokio::io::AsyncReadExt;
    /// use unblock_runtime::Pool;
    ///
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    /// # runtime.block_on(async {
    /// let file = Pool::global().submit(|| std::fs::File::open("Cargo.toml")).await.unwrap()?;
    /// let mut text = String::new();
    /// Pool::global().reader(file).read_to_string(&mut text).await?;
    /// assert!(text.starts_with("[package]"));
    /// # Ok::<(), std::io::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn reader<R: Read + Send + 'static>(&self, reader: R) -> Reader<R> {
        Reader::new(self, reader)
    }

    /// Returns an asynchronous writer whose jobs on this pool write to `writer`. Does not block.
    /// Needs the feature `io`.
    ///
    /// ```
    /// use tokio::io::AsyncWriteExt;
    /// use unblock_runtime::Pool;
    ///
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    /// # runtime.block_on(async {
    /// let mut log = Pool::global().writer(std::io::stdout());
    /// log.write_all(b"a line\n").await?; // in the buffer
    /// log.flush().await?; // written
    /// # Ok::<(), std::io::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn writer<W: Write + Send + 'static>(&self, writer: W) -> Writer<W> {
        Writer::new(self, writer)
    }
}

/// What a task and its jobs share, as the task holds it.
struct TaskSide<T: Send + 'static> {
    pool: Pool,
    /// Taken by `drop`.
    shared: Option<Arc<Mutex<T>>>,
}

impl<T: Send + 'static> TaskSide<T> {
    fn new(pool: &Pool, value: T) -> Self {
        Self { pool: pool.clone(), shared: Some(Arc::new(Mutex::new(value))) }
    }

    /// Submits a job that locks the value. The job blocks while one that was given up still runs.
    fn submit(
        &self,
        handler: &'static Handler,
        work: impl FnOnce(&mut T) -> io::Result<()> + Send + 'static,
    ) -> Submission<io::Result<()>> {
        let shared = self.shared.clone();
        let options = SubmitOptions { handler: Some(handler), ..SubmitOptions::until(None) };
        let job = move || match shared.as_deref().map(Mutex::lock) {
            Some(Ok(mut value)) => work(&mut value),
            Some(Err(_)) | None => Err(after_panic()),
        };
        self.pool.submit_with(job, options)
    }

    /// Locks the value in the task, which must not wait. Returns `None` if a job that was given up
    /// still runs.
    fn try_lock(&self) -> io::Result<Option<MutexGuard<'_, T>>> {
        match self.shared.as_deref().map(Mutex::try_lock) {
            Some(Ok(value)) => Ok(Some(value)),
            Some(Err(TryLockError::WouldBlock)) => Ok(None),
            Some(Err(TryLockError::Poisoned(_))) | None => Err(after_panic()),
        }
    }
}

impl<T: Send + 'static> Drop for TaskSide<T> {
    /// Drops the value on the pool, because closing a file may block.
    fn drop(&mut self) {
        let shared = self.shared.take();
        self.pool.submit(move || drop(shared)).detach();
    }
}

fn after_panic() -> io::Error {
    io::Error::other("a read or write has panicked before")
}

fn io_error(error: Error) -> io::Error {
    let kind = match error {
        Error::TimedOut => ErrorKind::TimedOut,
        Error::Closed | Error::Cancelled => ErrorKind::BrokenPipe,
        _ => ErrorKind::Other,
    };
    io::Error::new(kind, error)
}
