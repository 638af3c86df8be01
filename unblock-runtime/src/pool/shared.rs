//! What a pool's handles, its jobs and its workers share: how a job gets in, and what happens as jobs end.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::job::{Account, Header, Order, Run};
use crate::pool::shutdown::Shutdowns;
use crate::pool::stats::Counters;
use crate::queue::admission::{Admission, Expected};
use crate::queue::{Entry, Queue};
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, AtomicI32, Ordering, fence};
use crate::unwind;
use crate::workers::Sizing;
use crate::workers::profile::Kind;

/// How long a job with `shed` and without a deadline may wait: what people notice as a delay in a dialogue, one second
/// (Nielsen, "Response Times", 1993).
const SHED_WAIT: Duration = Duration::from_secs(1);

/// What handles, submissions and workers share.
pub(crate) struct Shared {
    pub(crate) name: String,
    pub(crate) queue: Queue,
    pub(crate) sizing: Sizing,
    pub(crate) admission: Admission,
    pub(crate) counters: Counters,
    /// What the workers are to run at; 0 leaves them alone.
    pub(crate) niceness: i32,
    /// Of the workers, in bytes; `None` for the standard library's.
    pub(crate) stack_size: Option<usize>,
    read_back: AtomicI32,
    niceness_refused: AtomicBool,
    /// A shutdown ran out of time.
    stopping: AtomicBool,
    pub(crate) shutdowns: Mutex<Shutdowns>,
}

/// No worker has reported its niceness.
const UNREAD: i32 = i32::MIN;

impl Shared {
    pub(crate) fn new(
        name: String,
        queue: Queue,
        sizing: Sizing,
        niceness: i32,
        stack_size: Option<usize>,
    ) -> Self {
        Self {
            name,
            queue,
            admission: Admission::new(sizing.parallelism()),
            sizing,
            counters: Counters::new(),
            niceness,
            stack_size,
            read_back: AtomicI32::new(UNREAD),
            niceness_refused: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            shutdowns: Mutex::new(Shutdowns::default()),
        }
    }

    /// Starts a thread that is named after the pool.
    pub(crate) fn spawn_thread(
        &self,
        role: impl fmt::Display,
        stack_size: Option<usize>,
        f: impl FnOnce() + Send + 'static,
    ) -> io::Result<()> {
        let mut builder = std::thread::Builder::new().name(format!("{}-{role}", self.name));
        if let Some(bytes) = stack_size {
            builder = builder.stack_size(bytes);
        }
        builder.spawn(f).map(drop)
    }

    /// Opens an account for a job that is submitted now, if the pool keeps them.
    ///
    /// # Errors
    ///
    /// The job is to be refused; the time after which to try again.
    #[inline]
    pub(super) fn account(
        &self,
        kind: Kind,
        order: Order,
    ) -> Result<Option<Box<Account>>, Duration> {
        if order.shed {
            self.admission.keep();
        }
        if self.admission.is_kept() { self.open_account(kind, order).map(Some) } else { Ok(None) }
    }

    fn open_account(&self, kind: Kind, order: Order) -> Result<Box<Account>, Duration> {
        let submitted = Instant::now();
        let average = order.handler.map(|handler| &handler.run_time);
        // What sleeps waits for no core, and lets nobody wait for one.
        let sleeps = kind.habit().sleeps();
        let expected = if sleeps { Expected::default() } else { self.admission.expect(average) };
        if order.shed {
            let time = order
                .deadline
                .map_or(SHED_WAIT, |deadline| deadline.saturating_duration_since(submitted));
            // What waits elsewhere, or waits for no core, is no reason to refuse.
            let waiting = average.filter(|_| !sleeps && self.queue.has_work());
            self.admission.admit(expected, waiting, time)?;
        }
        self.admission.joined(expected, average);
        Ok(Box::new(Account { submitted, expected }))
    }

    /// How long the job would wait if there were room for it, as far as the pool's accounts tell.
    pub(super) fn predicted_wait(&self, job: &dyn Run) -> Duration {
        let account = job.header().account.as_ref();
        account.map(|account| self.admission.predicted_wait(account.expected)).unwrap_or_default()
    }

    /// A job's wait is over, because it begins or because it never will.
    pub(crate) fn waits_no_more(&self, header: &Header) {
        if let Some(account) = &header.account {
            self.admission.left(account.expected, header.run_time());
        }
    }

    /// Puts a job that its caller alone knows into the queue, if there is room.
    pub(crate) fn enter(&self, job: Arc<dyn Run>) -> Entry {
        let entry = self.queue.try_enter(job);
        match entry {
            Entry::Entered => self.sizing.notify(),
            Entry::NoRoom => {}
            // It had a place for a moment, in which others may have seen the pool as not finished; and the place may
            // have gone to the line.
            Entry::Closed => {
                self.sizing.notify();
                self.wind_up();
            }
        }
        entry
    }

    /// Puts a job that found no room in line for it.
    pub(crate) fn stand_in_line(&self, job: &Arc<dyn Run>) {
        match self.queue.stand_in_line(job) {
            Entry::Entered => self.sizing.notify(),
            Entry::NoRoom => {}
            Entry::Closed => job.refuse(Error::Closed),
        }
    }

    /// Something left the queue; if the line moved up, there is more for the workers.
    pub(crate) fn moved(&self, moved: bool) {
        if moved {
            self.sizing.notify();
        }
    }

    /// A job is over, or has stopped running.
    pub(crate) fn job_ended(&self) {
        if !self.queue.is_open() {
            self.wind_up();
        }
    }

    pub(crate) fn close(&self) {
        self.queue.close();
        self.wind_up();
    }

    /// Whether a shutdown ran out of time.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// A shutdown has run out of time: cancels what has not begun.
    pub(crate) fn cancel_queued(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        for job in self.queue.drain() {
            unwind::contain("dropping what a job had captured", || job.abort(Error::Cancelled));
        }
    }

    /// A job that was on its way into the queue when that was emptied is cancelled like those that were in it. Its
    /// submitter sees to it: it entered before it looks here, and [`cancel_queued`](Self::cancel_queued) says what it is about
    /// before it looks into the queue, with a fence on both sides (here in `notify`).
    pub(super) fn cancel_if_stopping(&self, job: &dyn Run) {
        if self.is_stopping() {
            job.abort(Error::Cancelled);
        }
    }

    pub(crate) fn note_niceness(&self, outcome: io::Result<i32>) {
        match outcome {
            Ok(niceness) => self.read_back.store(niceness, Ordering::Relaxed),
            Err(error) => {
                if !self.niceness_refused.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        pool = self.name, niceness = self.niceness, %error,
                        "the system refuses to lower the workers' priority; they run at the process's"
                    );
                }
            }
        }
    }

    pub(super) fn niceness(&self) -> Option<i32> {
        let niceness = self.read_back.load(Ordering::Relaxed);
        (niceness != UNREAD).then_some(niceness)
    }

    /// In a closed pool: sends the workers home when nothing is left for them, and tells those who wait for that.
    fn wind_up(&self) {
        if !self.queue.is_finished() {
            return;
        }
        self.sizing.dismiss();
        // Shells are left, if anything is. They hold their pool, which would hold them for ever.
        drop(self.queue.drain());
        if self.counters.on_threads() == 0 {
            let waiters = self.shutdowns.lock().take_waiters();
            for waiter in waiters {
                waiter.notify();
            }
        }
    }
}
