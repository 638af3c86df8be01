//! Which process owns a thread. A process that `fork` made has a copy of the memory and none of the
//! threads, so what was submitted to them would wait for ever.
//!
//! Asking costs a system call, and there is no safe way to be told. So it is asked only where the
//! system is called anyway: where a thread is woken or started.

use std::process;

/// The process in which it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Process(u32);

impl Process {
    pub(crate) fn current() -> Self {
        Self(process::id())
    }
}
