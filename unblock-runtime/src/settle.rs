//! How the outcome of a call becomes what the annotated function returns.
//!
//! A function that can fail gets a failure as its own error; one that cannot, panics as its body did. Which of the two
//! a function is, its return type says, and generated code asks by method resolution (autoref specialization, after
//! dtolnay's case study): `(&outcome).conversion()` finds [`ByError`] first where it applies, and [`ByPanic`] everywhere.

use std::panic::resume_unwind;

use crate::deadline;
use crate::error::Error;

/// The outcome of a call whose body returns `R`.
#[must_use]
pub struct Outcome<R>(pub(crate) Result<R, Error>);

/// The way of a function whose failures can be its error.
pub trait ByError {
    /// Names the way.
    fn conversion(&self) -> AsError;
}

impl<T, E: From<Error>> ByError for Outcome<Result<T, E>> {
    fn conversion(&self) -> AsError {
        AsError
    }
}

/// The way of any other function.
pub trait ByPanic {
    /// Names the way.
    fn conversion(&self) -> AsPanic;
}

impl<R> ByPanic for &Outcome<R> {
    fn conversion(&self) -> AsPanic {
        AsPanic
    }
}

/// Failures become the function's error.
pub struct AsError;

#[expect(clippy::unused_self, reason = "method resolution picks the way by its type")]
impl AsError {
    /// What the function returns.
    ///
    /// # Errors
    ///
    /// The body's own, or what the failure of the call converts to.
    pub fn finish<T, E: From<Error>>(self, outcome: Outcome<Result<T, E>>) -> Result<T, E> {
        fallible(outcome)
    }
}

/// A panic goes on in the caller.
pub struct AsPanic;

#[expect(clippy::unused_self, reason = "method resolution picks the way by its type")]
impl AsPanic {
    /// What the function returns.
    ///
    /// # Panics
    ///
    /// With the body's payload if it panicked. When there is no value to return, because the pool was closed or the
    /// request's time is up: with a text, as any `panic!`; or in a request of the server, which answers 503 or 504 for it,
    /// with the [`Error`], and without a word in the log.
    #[track_caller]
    pub fn finish<R>(self, outcome: Outcome<R>) -> R {
        match outcome.0 {
            Ok(value) => value,
            Err(Error::Panicked(panicked)) => panicked.resume(),
            Err(error) if deadline::is_in_request() => resume_unwind(Box::new(error)),
            Err(error) => panic!("an #[unblock] function that cannot fail has no value: {error}"),
        }
    }
}

/// A return type that can hold the failure of a call.
#[diagnostic::on_unimplemented(
    message = "a call with `timeout` or `shed` can fail, and `{Self}` cannot say so",
    label = "return `Result<_, E>` here, with `E: From<unblock_runtime::Error>`",
    note = "`unblock_runtime::Error` itself is such an `E`"
)]
pub trait Fallible: Sized {
    /// The failure as a value of this type.
    fn from_error(error: Error) -> Self;
}

impl<T, E: From<Error>> Fallible for Result<T, E> {
    fn from_error(error: Error) -> Self {
        Err(E::from(error))
    }
}

/// What a function with `timeout` or `shed` returns.
pub fn fallible<R: Fallible>(outcome: Outcome<R>) -> R {
    outcome.0.unwrap_or_else(R::from_error)
}
