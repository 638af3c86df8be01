//! How the outcome of a call becomes the return value of the annotated function.
//!
//! A function that can fail returns a failure of the call as its own error. A function that cannot
//! fail panics, as its body would have. The return type decides, and generated code asks by method
//! resolution (autoref specialization, after dtolnay's case study):
//! `(&outcome).outcome_conversion()` finds [`ByError`] first where it applies, and [`ByPanic`]
//! everywhere else.

use std::panic::resume_unwind;

use crate::error::Error;
use crate::job::deadline;

/// The outcome of a call whose body returns `R`.
#[must_use]
pub struct Outcome<R>(pub(crate) Result<R, Error>);

/// Implemented for outcomes of functions whose error type can hold a failure of the call.
pub trait ByError {
    /// Returns the conversion.
    fn outcome_conversion(&self) -> AsError;
}

impl<T, E: From<Error>> ByError for Outcome<Result<T, E>> {
    fn outcome_conversion(&self) -> AsError {
        AsError
    }
}

/// Implemented for outcomes of all functions.
pub trait ByPanic {
    /// Returns the conversion.
    fn outcome_conversion(&self) -> AsPanic;
}

impl<R> ByPanic for &Outcome<R> {
    fn outcome_conversion(&self) -> AsPanic {
        AsPanic
    }
}

/// Converts failures to the function's error.
pub struct AsError;

#[expect(clippy::unused_self, reason = "method resolution picks the conversion by its type")]
impl AsError {
    /// Converts the outcome to the return value.
    ///
    /// # Errors
    ///
    /// The error of the body, or the failure of the call as an error of that type.
    pub fn finish<T, E: From<Error>>(self, outcome: Outcome<Result<T, E>>) -> Result<T, E> {
        fallible(outcome)
    }
}

/// Continues a panic in the caller.
pub struct AsPanic;

#[expect(clippy::unused_self, reason = "method resolution picks the conversion by its type")]
impl AsPanic {
    /// Converts the outcome to the return value.
    ///
    /// # Panics
    ///
    /// As [`infallible`] does.
    #[track_caller]
    pub fn finish<R>(self, outcome: Outcome<R>) -> R {
        infallible(outcome)
    }
}

/// Converts the outcome of a function that cannot fail to its return value.
///
/// # Panics
///
/// With the payload of the body if that panicked. If there is no value, because the pool was closed
/// or the time of the request is up, the payload is a text, as with any `panic!`. In a request of
/// the server it is the [`Error`], for which the server responds with 503 or 504, and nothing is
/// logged.
#[track_caller]
pub fn infallible<R>(outcome: Outcome<R>) -> R {
    match outcome.0 {
        Ok(value) => value,
        Err(error) => fail(error),
    }
}

#[cold]
#[track_caller]
fn fail(error: Error) -> ! {
    match error {
        Error::Panicked(panicked) => panicked.resume(),
        error if deadline::is_in_request() => resume_unwind(Box::new(error)),
        error => panic!("an #[unblock] function that cannot fail has no value: {error}"),
    }
}

/// A return type that can hold the failure of a call.
#[diagnostic::on_unimplemented(
    message = "a call with `timeout` or `shed` can fail, and `{Self}` cannot say so",
    label = "return `Result<_, E>` here, with `E: From<unblock_runtime::Error>`",
    note = "`unblock_runtime::Error` itself is such an `E`",
    note = "for an `E` of another crate, name a function that makes one: `#[unblock(error = to_e)]`"
)]
pub trait CanFail: Sized {
    /// Returns the failure as a value of this type.
    fn from_error(error: Error) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T, E: From<Error>> CanFail for Result<T, E> {
    fn from_error(error: Error) -> Self {
        Err(E::from(error))
    }
}

/// Converts the outcome of a function with `timeout` or `shed` to its return value.
pub fn fallible<R: CanFail>(outcome: Outcome<R>) -> R {
    outcome.0.unwrap_or_else(R::from_error)
}

/// Converts the outcome of a function with `error = …` to its return value.
///
/// # Errors
///
/// The error of the body, or what `to_error` makes of the failure of the call.
pub fn failing_as<T, E>(
    outcome: Outcome<Result<T, E>>,
    to_error: impl FnOnce(Error) -> E,
) -> Result<T, E> {
    outcome.0.unwrap_or_else(|error| Err(to_error(error)))
}
