//! How an argument of an annotated function gets from the caller to the job: by a move, or as a
//! copy of a borrowed one.
//!
//! For an argument that cannot go, the compiler shows the bounds below, together with the comments
//! on their lines.

use std::borrow::{Borrow, ToOwned};
use std::marker::PhantomData;

/// Gives an argument to the job.
pub fn moved<T>(value: T) -> T
where
    T: Send + 'static, // It goes to another thread: what must stay is for after `.await`.
{
    value
}

/// Makes the job's own copy of a borrowed argument.
pub fn own<B>(borrowed: &B) -> Owned<B, B::Owned>
where
    B: ToOwned + ?Sized,      // The job gets a clone: what has none goes in an `Arc`.
    B::Owned: Send + 'static, // It goes to another thread: what must stay is for after `.await`.
{
    Owned { copy: borrowed.to_owned(), borrowed: PhantomData }
}

/// A copy of a borrowed argument. The body sees it as the signature says: as `&str`, not as
/// `String`.
///
/// `O` is `B::Owned`. It is a parameter of its own so that a user whose `B` cannot be copied gets
/// one error and not several.
pub struct Owned<B: ?Sized, O> {
    copy: O,
    borrowed: PhantomData<fn() -> *const B>,
}

impl<B: ?Sized, O: Borrow<B>> Owned<B, O> {
    /// Borrows the copy for as long as the body runs.
    pub fn get(&self) -> &B {
        self.copy.borrow()
    }
}
