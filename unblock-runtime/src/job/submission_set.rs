//! Submissions that are awaited, or cancelled, as one.
//!
//! Each member has a waker of its own, which puts the member's place into a list and wakes the task
//! that awaits the set. So an outcome costs one poll of one member, however many there are.
//!
//! # The invariant
//!
//! *A member that may have its outcome and was not polled since is in the list, and if a task waits
//! for the set, it is being woken or will look at the list again.* Both are under the list's lock:
//! a wake-up adds the place and takes the task's waker in one critical section, and a poll leaves
//! its waker in the one in which it finds the list empty.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use super::Submission;
#[cfg(not(loom))]
use super::block_on::block_on;
use crate::error::Error;
use crate::sync::Mutex;
use crate::unwind;

/// Submissions whose outcomes are taken as they come. It is tokio's `JoinSet` for jobs.
///
/// Dropping the set cancels all of its jobs, as dropping each [`Submission`] would.
///
/// ```
/// use unblock_runtime::{Error, Pool, SubmissionSet};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # runtime.block_on(async {
/// let pool = Pool::global();
/// let mut squares: SubmissionSet<u64> = (1..=3).map(|n| pool.submit(move || n * n)).collect();
/// let mut sum = 0;
/// while let Some(square) = squares.join_next().await {
///     sum += square?; // an error returns, and cancels the others
/// }
/// assert_eq!(sum, 14);
/// # Ok::<(), Error>(())
/// # }).unwrap();
/// ```
#[must_use = "dropping a set cancels its jobs"]
pub struct SubmissionSet<T> {
    members: Vec<Option<Member<T>>>,
    /// The places of `members` that are free.
    free: Vec<usize>,
    woken: Arc<Woken>,
}

struct Member<T> {
    submission: Submission<T>,
    waker: Waker,
}

impl<T> Member<T> {
    /// Polls the submission, and once more if this panics: what the job had captured may panic as
    /// it is dropped, and then there is an outcome all the same.
    fn poll(&mut self) -> Poll<Result<T, Error>> {
        struct Again<'a>(&'a Waker);
        impl Drop for Again<'_> {
            fn drop(&mut self) {
                self.0.wake_by_ref();
            }
        }
        let again = Again(&self.waker);
        let polled = Pin::new(&mut self.submission).poll(&mut Context::from_waker(&self.waker));
        std::mem::forget(again);
        polled
    }
}

impl<T> SubmissionSet<T> {
    /// Creates an empty set.
    pub fn new() -> Self {
        Self { members: Vec::new(), free: Vec::new(), woken: Arc::new(Woken::new()) }
    }

    /// Adds a submission. If there was no room for its job in the pool's queue, the job joins the
    /// waitlist now. Does not block.
    pub fn insert(&mut self, submission: Submission<T>) {
        submission.wait_for_room();
        let place = self.free.pop().unwrap_or(self.members.len());
        let woken = Arc::clone(&self.woken);
        let waker = Arc::new(WakeMember { place, woken });
        // Its first poll is what leaves the waker with the job.
        Arc::clone(&waker).wake();
        let member = Some(Member { submission, waker: waker.into() });
        if place == self.members.len() {
            self.members.push(member);
        } else {
            self.members[place] = member;
        }
    }

    /// Waits until some job of the set has its outcome, takes it out of the set and returns it.
    /// Outcomes come as the jobs end, in no other order. Returns `None` if the set is empty.
    ///
    /// An outcome is an error for the reasons for which a [`Submission`] has none. The other jobs
    /// go on.
    ///
    /// It may be dropped at any time: no outcome is lost, and no job cancelled.
    pub async fn join_next(&mut self) -> Option<Result<T, Error>> {
        poll_fn(|cx| self.poll_join_next(cx)).await
    }

    /// Takes an outcome as [`join_next`](Self::join_next) does, for futures that are written by
    /// hand. If there is none yet, the task of `cx` is woken when there may be one; only the task
    /// of the last poll is.
    pub fn poll_join_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, Error>>> {
        if self.is_empty() {
            return Poll::Ready(None);
        }
        while let Some(place) = self.woken.next_or_wait(cx) {
            // A waker may outlive its member, and wakes the next one at its place for nothing.
            let Some(Some(member)) = self.members.get_mut(place) else { continue };
            if let Poll::Ready(outcome) = member.poll() {
                self.members[place] = None;
                self.free.push(place);
                return Poll::Ready(Some(outcome));
            }
        }
        Poll::Pending
    }

    /// Waits for the next outcome by blocking this thread, for code without an executor. Otherwise
    /// it is [`join_next`](Self::join_next), and it blocks as [`Submission::wait`] does.
    #[cfg(not(loom))]
    pub fn wait_next(&mut self) -> Option<Result<T, Error>> {
        let members = || self.members.iter().flatten().map(|member| &member.submission);
        if !members().any(Submission::is_finished) {
            // The jobs of pools without threads run here.
            let runs = |submission: &Submission<T>| {
                submission.run_queued();
                submission.is_finished()
            };
            let _ = members().any(runs);
        }
        block_on(self.join_next())
    }

    /// Cancels all jobs that have not begun, and tells the running ones, as [`Submission::cancel`]
    /// does. The jobs stay in the set until their outcomes are taken; that of a job that had not
    /// begun is [`Error::Cancelled`]. Does not block, but what the jobs had captured is dropped on
    /// this thread.
    pub fn cancel_all(&self) {
        for member in self.members.iter().flatten() {
            let cancel = || member.submission.cancel();
            unwind::contain("dropping what a job had captured", cancel);
        }
    }

    /// Empties the set and lets its jobs run without anybody waiting for them, as
    /// [`Submission::detach`] does.
    pub fn detach_all(&mut self) {
        self.free.clear();
        for member in self.members.drain(..).flatten() {
            member.submission.detach();
        }
    }

    /// Returns the number of jobs whose outcomes were not taken yet.
    pub fn len(&self) -> usize {
        self.members.len() - self.free.len()
    }

    /// Returns true if all outcomes were taken.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Default for SubmissionSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Extend<Submission<T>> for SubmissionSet<T> {
    fn extend<I: IntoIterator<Item = Submission<T>>>(&mut self, submissions: I) {
        for submission in submissions {
            self.insert(submission);
        }
    }
}

impl<T> FromIterator<Submission<T>> for SubmissionSet<T> {
    fn from_iter<I: IntoIterator<Item = Submission<T>>>(submissions: I) -> Self {
        let mut set = Self::new();
        set.extend(submissions);
        set
    }
}

impl<T> fmt::Debug for SubmissionSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubmissionSet").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// The members that are to be polled.
struct Woken {
    list: Mutex<List>,
}

struct List {
    /// The places to be polled.
    places: VecDeque<usize>,
    /// The task that waits for the set.
    waker: Option<Waker>,
}

impl Woken {
    fn new() -> Self {
        Self { list: Mutex::new(List { places: VecDeque::new(), waker: None }) }
    }

    /// Returns the place of a member that is to be polled. If there is none, the task of `cx` is
    /// woken when there is one.
    fn next_or_wait(&self, cx: &Context<'_>) -> Option<usize> {
        // A waker is the executor's code, so it is cloned and dropped without the lock.
        let waker = cx.waker().clone();
        let mut list = self.list.lock();
        let next = list.places.pop_front();
        let unneeded = if next.is_none() { list.waker.replace(waker) } else { Some(waker) };
        drop(list);
        drop(unneeded);
        next
    }
}

/// The waker of one member.
struct WakeMember {
    place: usize,
    woken: Arc<Woken>,
}

impl Wake for WakeMember {
    fn wake(self: Arc<Self>) {
        let mut list = self.woken.list.lock();
        list.places.push_back(self.place);
        let waker = list.waker.take();
        drop(list);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
