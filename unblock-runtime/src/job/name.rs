//! The name of a job, which is worked out when somebody asks for it.

use super::handler::{Handler, without_closures};

#[derive(Debug, Clone, Copy)]
pub(crate) struct JobName {
    pub(crate) handler: Option<&'static Handler>,
    /// Returns the path of the type of the job's work.
    pub(crate) path: fn() -> &'static str,
}

impl JobName {
    /// The name of a job with the work `F`.
    pub(crate) fn of<F>(handler: Option<&'static Handler>) -> Self {
        Self { handler, path: std::any::type_name::<F> }
    }

    /// Returns the name of the handler, or else the path of the function in whose body the closure
    /// was written.
    pub(crate) fn get(self) -> &'static str {
        let path = (self.path)();
        match self.handler {
            Some(handler) => handler.name(path),
            None => without_closures(path),
        }
    }

    /// Returns where the handler is in memory, or else where the path is and how long it is. Names
    /// with the same address are equal.
    #[inline]
    pub(crate) fn address(self) -> (usize, usize) {
        if let Some(handler) = self.handler {
            return (std::ptr::from_ref(handler).addr(), 0);
        }
        let path = (self.path)();
        (path.as_ptr().addr(), path.len())
    }
}
