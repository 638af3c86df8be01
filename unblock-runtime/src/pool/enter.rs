//! The pool that a thread has entered: that of the annotated functions which name none.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use super::{Pool, Shared};

thread_local! {
    /// The pools that this thread has entered, the current one last.
    static ENTERED: RefCell<Vec<Rc<EnteredPool>>> = const { RefCell::new(Vec::new()) };
}

impl Pool {
    /// Has the calls of annotated functions without `pool = …` on this thread use this pool instead
    /// of the [global](Self::global) one, until the guard is dropped. Does not block. The name is
    /// tokio's. Closures are submitted to the pool that they name, which is this one for
    /// [`Pool::current()`](Self::current) and not for `Pool::global()`.
    ///
    /// What counts is the thread that polls a call first, as nothing happens before that. A task
    /// that another thread polls, as those that are spawned on a runtime of several threads, uses
    /// the global pool. So the guard cannot leave its thread, and a future that holds it across an
    /// `.await` is not `Send`.
    ///
    /// The job of such a call has the pool entered as well: calls of further functions in its body
    /// come to the same pool, on whatever thread it runs. A job that was submitted in another way,
    /// by [`submit`](Self::submit) or by a call with `pool = …`, has not.
    ///
    /// Guards nest: the pool of the newest one that is left counts, in whatever order they are
    /// dropped. A guard is a handle to its pool, and keeps it open.
    ///
    /// ```
    /// # #[cfg(feature = "macros")] mod shown {
    /// use unblock_runtime::{Pool, unblock};
    ///
    /// #[unblock]
    /// fn square(n: u64) -> u64 {
    ///     n * n
    /// }
    ///
    /// # pub fn main() -> Result<(), unblock_runtime::BuildError> {
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    /// # runtime.block_on(async {
    /// let pool = Pool::builder().name("squares").build()?;
    /// let guard = pool.enter();
    /// assert_eq!(square(3).await, 9);
    /// drop(guard);
    /// assert_eq!(pool.stats().completed, 1);
    /// # Ok(())
    /// # })
    /// # }
    /// # }
    /// # #[cfg(feature = "macros")] shown::main().unwrap();
    /// ```
    pub fn enter(&self) -> EnterGuard {
        EnterGuard { _entry: Entry::new(Arc::clone(&self.shared)), pool: self.clone() }
    }

    /// Returns the pool that an annotated function without `pool = …` uses if it is called here:
    /// the one that this thread has [entered](Self::enter), or else the [global](Self::global) one.
    /// Does not block.
    ///
    /// A closure that is submitted to it goes where the annotated functions around it go, to the
    /// pool of a test for example. The pool that runs the job in which this is called may be
    /// another one; that is [`job::pool`](crate::job::pool).
    ///
    /// ```
    /// use unblock_runtime::Pool;
    ///
    /// let pool = Pool::builder().name("mine").build()?;
    /// let guard = pool.enter();
    /// assert_eq!(Pool::current().submit(|| 6 * 7).wait()?, 42);
    /// drop(guard);
    /// assert_eq!(pool.stats().completed, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Panics
    ///
    /// As [`global`](Self::global) does.
    pub fn current() -> Self {
        match current() {
            Some(entered) => Self::handle_to(&entered),
            None => Self::global().clone(),
        }
    }
}

/// Keeps a pool entered; from [`Pool::enter`].
#[must_use = "the pool is left when the guard is dropped"]
pub struct EnterGuard {
    // It is dropped before the handle, with which the pool may close.
    _entry: Entry,
    pool: Pool,
}

impl fmt::Debug for EnterGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnterGuard").field("pool", &self.pool.shared.name).finish_non_exhaustive()
    }
}

/// Keeps a pool entered on this thread.
pub(crate) struct Entry(Rc<EnteredPool>);

/// Each time that a pool is entered is told from others by the address of this.
struct EnteredPool(Arc<Shared>);

impl Entry {
    pub(crate) fn new(pool: Arc<Shared>) -> Self {
        let entry = Rc::new(EnteredPool(pool));
        // The thread may be ending, with its locals gone. Then it calls the global pool.
        let _ = ENTERED.try_with(|entered| entered.borrow_mut().push(Rc::clone(&entry)));
        Self(entry)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let _ = ENTERED.try_with(|entered| {
            entered.borrow_mut().retain(|other| !Rc::ptr_eq(other, &self.0));
        });
    }
}

/// Returns the pool that this thread has entered.
#[inline]
pub(crate) fn current() -> Option<Arc<Shared>> {
    ENTERED
        .try_with(|entered| entered.borrow().last().map(|last| Arc::clone(&last.0)))
        .ok()
        .flatten()
}
