//! The span of a job, with the feature `tracing`: from its submission until it is over, a child of
//! the caller's span.

use std::time::Duration;

use tracing::Span;
use tracing::field::{self, Empty};

use super::JobName;
use crate::error::Error;
use crate::sync::Mutex;
use crate::unwind;

/// The span, until somebody ends it. Jobs of which no subscriber wants to know have none.
pub(crate) struct JobSpan(Mutex<Option<Box<Span>>>);

impl JobSpan {
    /// Opens the span of a job that is submitted now. If no subscriber wants it, the caller's span
    /// stands for it.
    pub(crate) fn open(pool: &str, name: JobName) -> Self {
        if tracing::level_filters::LevelFilter::current()
            == tracing::level_filters::LevelFilter::OFF
        {
            return Self(Mutex::new(None));
        }
        let mut span = None;
        // A subscriber is a user's code.
        unwind::log(|| {
            let job = tracing::info_span!(
                "job",
                otel.name = name.get(),
                function = name.get(),
                pool,
                wait = Empty,
                run = Empty,
                outcome = Empty,
            );
            let chosen = if job.is_disabled() { Span::current() } else { job };
            span = Some(chosen).filter(|span| !span.is_disabled()).map(Box::new);
        });
        Self(Mutex::new(span))
    }

    /// Returns the span to run the work in.
    pub(crate) fn take(&self) -> RunningSpan {
        RunningSpan(self.0.lock().take())
    }

    /// Ends the span of a job that has not begun.
    pub(crate) fn end(&self, outcome: &'static str) {
        self.take().end(outcome);
    }

    /// Ends the span of a job that the pool has refused, and says so in it.
    pub(crate) fn refuse(&self, error: &Error) {
        let span = self.take();
        span.in_scope(|| tracing::debug!(%error, "a job was refused"));
        span.end("rejected");
    }

    /// Says that a job runs on after its deadline. Its span is with the worker.
    pub(crate) fn abandon(pool: &str, name: JobName) {
        unwind::log(|| {
            tracing::warn!(
                function = name.get(),
                pool,
                "the deadline passed while the job ran; it goes on for nobody and holds its thread"
            );
        });
    }
}

/// The span of a job that runs, if it has one.
pub(crate) struct RunningSpan(Option<Box<Span>>);

impl RunningSpan {
    /// Notes that the job begins, after this number of nanoseconds.
    pub(crate) fn begin(&self, waited: u64) {
        self.record("wait", Duration::from_nanos(waited));
    }

    /// Runs the work of the job.
    pub(crate) fn run<T>(&self, work: impl FnOnce() -> T) -> T {
        match &self.0 {
            Some(span) => span.in_scope(work),
            None => work(),
        }
    }

    /// Ends the span of a job that has run for this number of nanoseconds.
    pub(crate) fn ran(self, nanos: u64, outcome: &'static str) {
        self.record("run", Duration::from_nanos(nanos));
        self.end(outcome);
    }

    fn end(self, outcome: &'static str) {
        let Some(span) = self.0 else { return };
        unwind::log(|| {
            span.record("outcome", outcome);
            drop(span);
        });
    }

    fn record(&self, field: &'static str, time: Duration) {
        if let Some(span) = &self.0 {
            unwind::log(|| {
                span.record(field, field::debug(time));
            });
        }
    }

    /// Runs code that logs, in the span.
    fn in_scope(&self, f: impl FnOnce()) {
        if let Some(span) = &self.0 {
            unwind::log(|| span.in_scope(f));
        }
    }
}
