//! Without the feature `tracing` jobs have no spans.

#![expect(clippy::unused_self, reason = "the signatures of the feature")]

use super::JobName;
use crate::error::Error;

pub(crate) struct JobSpan;

impl JobSpan {
    pub(crate) fn open(_pool: &str, _name: JobName) -> Self {
        Self
    }

    pub(crate) fn take(&self) -> RunningSpan {
        RunningSpan
    }

    pub(crate) fn end(&self, _outcome: &'static str) {}

    pub(crate) fn refuse(&self, _error: &Error) {}

    pub(crate) fn abandon(_pool: &str, _name: JobName) {}
}

pub(crate) struct RunningSpan;

impl RunningSpan {
    pub(crate) fn begin(&self, _waited: u64) {}

    pub(crate) fn run<T>(&self, work: impl FnOnce() -> T) -> T {
        work()
    }

    pub(crate) fn ran(self, _nanos: u64, _outcome: &'static str) {}
}
