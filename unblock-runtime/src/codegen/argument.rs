//! How an argument of an annotated function gets from the caller to the job: by a move, or as a copy of what the caller
//! only lends.
//!
//! The compiler shows the bounds below to whoever passes something that cannot go, together with the comments on their lines.

use std::borrow::{Borrow, ToOwned};
use std::marker::PhantomData;

/// Gives an argument to the job.
pub fn moved<T>(value: T) -> T
where
    T: Send + 'static, // An argument goes to another thread: what has to stay is for the code after the `.await`.
{
    value
}

/// The job's own copy of a borrowed argument.
pub fn own<B>(borrowed: &B) -> Owned<B, B::Owned>
where
    B: ToOwned + ?Sized,      // The job gets a clone: what has none goes in an `Arc`.
    B::Owned: Send + 'static, // An argument goes to another thread: what has to stay is for the code after the `.await`.
{
    Owned { copy: borrowed.to_owned(), borrowed: PhantomData }
}

/// A copy that the body sees as the function's signature says: as `&str`, not as `String`.
///
/// `O` is `B::Owned`. As a parameter of its own it spares a user whose `B` cannot be copied all errors but the first.
pub struct Owned<B: ?Sized, O> {
    copy: O,
    borrowed: PhantomData<fn() -> *const B>,
}

impl<B: ?Sized, O: Borrow<B>> Owned<B, O> {
    /// The copy, borrowed for as long as the body runs.
    pub fn get(&self) -> &B {
        self.copy.borrow()
    }
}
