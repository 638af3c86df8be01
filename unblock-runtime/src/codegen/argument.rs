//! How an argument of an annotated function gets from the caller to the job: by a move, or as a
//! copy of a borrowed one.
//!
//! For an argument that cannot go, the compiler shows the bounds below, together with the comments
//! on their lines.

use std::borrow::{Borrow, ToOwned};
use std::marker::PhantomData;

/// Checks that an argument can be given to the job.
pub fn goes_to_the_pool<T>(_argument: &T)
where
    T: Send + 'static, // It goes to another thread: what must stay is for after `.await`.
{
}

/// Makes the job's own copy of a borrowed argument.
pub fn copy_for_the_job<B, O>(borrowed: &B) -> Owned<B, O>
where
    B: CopyForTheJob<O> + ?Sized,
    O: Send + 'static, // It goes to another thread: what must stay is for after `.await`.
{
    Owned { copy: borrowed.copy(), borrowed: PhantomData }
}

/// A value of which the job can get a copy of its own, an `O`.
#[diagnostic::on_unimplemented(
    message = "the job needs a copy of `{Self}` of its own, and there is no way to make one",
    label = "the caller only lends this, and the job may outlive the caller",
    note = "derive `Clone` for `{Self}`, or require it, if a copy is cheap, as that of a handle is; \
            or put it in an `Arc`, and take `self: &Arc<Self>` or `&Arc<…>`; or take it by value"
)]
pub trait CopyForTheJob<O> {
    /// Makes the copy.
    fn copy(&self) -> O;
}

#[diagnostic::do_not_recommend]
impl<B: ToOwned<Owned = O> + ?Sized, O> CopyForTheJob<O> for B {
    fn copy(&self) -> O {
        self.to_owned()
    }
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
    #[cfg(feature = "processes")]
    pub(crate) fn new(copy: O) -> Self {
        Self { copy, borrowed: PhantomData }
    }

    /// Returns the copy itself.
    #[cfg(feature = "processes")]
    pub fn copy(&self) -> &O {
        &self.copy
    }

    /// Borrows the copy for as long as the body runs.
    pub fn get(&self) -> &B {
        self.copy.borrow()
    }
}

/// A variable of a destructured argument as the value of an option sees it: as its value if that is
/// `Copy`, else as a reference.
///
/// Generated code asks by method resolution: `(&Variable(x)).variable_value()` finds [`Copied`]
/// first where it applies, and [`Lent`] everywhere else.
pub struct Variable<'a, T: ?Sized>(pub &'a T);

/// Implemented for variables whose type is `Copy`.
pub trait Copied {
    /// The type of the variable.
    type Value;

    /// Copies the variable.
    fn variable_value(&self) -> Self::Value;
}

impl<T: Copy> Copied for Variable<'_, T> {
    type Value = T;

    fn variable_value(&self) -> T {
        *self.0
    }
}

/// Implemented for all variables.
pub trait Lent<'a> {
    /// The type of the variable.
    type Value: ?Sized;

    /// Lends the variable.
    fn variable_value(&self) -> &'a Self::Value;
}

impl<'a, T: ?Sized> Lent<'a> for &Variable<'a, T> {
    type Value = T;

    fn variable_value(&self) -> &'a T {
        self.0
    }
}
