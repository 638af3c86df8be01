//! What a job does: a closure, which gives a value unless it panics.

use crate::error::Error;

/// The work of a job, which gives a `T`.
pub(crate) trait Work<T>: Send + 'static {
    fn run(self) -> Result<T, Error>;
}

impl<F, T> Work<T> for F
where
    F: FnOnce() -> T + Send + 'static,
{
    fn run(self) -> Result<T, Error> {
        Ok(self())
    }
}

/// Work that may end without a value, because it is done in another process.
#[cfg(feature = "processes")]
pub(crate) struct Fallible<F>(pub(crate) F);

#[cfg(feature = "processes")]
impl<F, T> Work<T> for Fallible<F>
where
    F: FnOnce() -> Result<T, Error> + Send + 'static,
{
    fn run(self) -> Result<T, Error> {
        (self.0)()
    }
}
