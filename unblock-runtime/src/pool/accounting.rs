//! What a pool notes at each step of a job: how long it is expected to wait and to run, and that it
//! has left the queue or has ended.

use std::time::{Duration, Instant};

use super::shared::Shared;
use crate::job::handler::Handler;
use crate::job::{Header, Run, SubmitOptions};
use crate::queue::admission::{Expected, Resource};
use crate::queue::{Behavior, Position};
use crate::workers::profile::JobType;

/// The time within which a job with `shed` and without a deadline is to end: one second, which is
/// what people notice as a delay in a dialogue (Nielsen, "Response Times", 1993).
const SHED_TIME: Duration = Duration::from_secs(1);

impl Shared {
    /// Estimates the wait of a job that is submitted now, if the pool keeps estimates.
    ///
    /// # Errors
    ///
    /// The job is to be refused. The error is the time after which to try again.
    #[inline]
    pub(super) fn estimate(
        &self,
        job_type: JobType,
        options: SubmitOptions,
    ) -> Result<Option<Box<Expected>>, Duration> {
        if options.shed {
            self.admission.keep_estimates();
        }
        if !self.admission.keeps_estimates() {
            return Ok(None);
        }
        self.admit(job_type, options).map(Some)
    }

    fn admit(&self, job_type: JobType, options: SubmitOptions) -> Result<Box<Expected>, Duration> {
        let run_time = options.handler.map(|handler| &handler.run_time);
        let resource = match job_type.profile().behavior() {
            Behavior::Blocking => Resource::Thread,
            Behavior::Computing | Behavior::Unknown => Resource::Core,
        };
        let mut expected = self.admission.expect(run_time, resource);
        if let Some(limit) = options.handler.and_then(Handler::concurrency_limit) {
            expected.wait_for_turn(self.concurrency_limits.waiting(limit), limit.most);
        }
        if options.shed {
            let time = options
                .deadline
                .map_or(SHED_TIME, |deadline| deadline.saturating_duration_since(Instant::now()));
            self.admission.admit(expected, time)?;
        }
        Ok(Box::new(expected))
    }

    /// Returns how long the job would wait if there were room for it, as far as it is known.
    pub(crate) fn predicted_wait(&self, job: &dyn Run) -> Duration {
        let expected = job.header().estimate.as_deref();
        expected.map(|&expected| self.admission.predicted_wait(expected)).unwrap_or_default()
    }

    /// Notes that a job begins to run, after it has waited for this number of nanoseconds.
    pub(crate) fn job_begins(&self, header: &Header, waited: u64) {
        self.stops_waiting(header);
        self.queue_changed(self.queue.begun());
        if let Some(&expected) = header.estimate.as_deref() {
            self.admission.waited(expected, Duration::from_nanos(waited), Instant::now());
        }
    }

    /// Notes that a job has run for this number of nanoseconds.
    pub(crate) fn job_ran(&self, header: &Header, ran: u64) {
        if header.estimate.is_some() {
            self.admission.ran(header.run_time(), Duration::from_nanos(ran), Instant::now());
        }
    }

    /// Notes that a job is over and will never begin. A job that only its caller held did not count
    /// as work that waits.
    pub(crate) fn job_withdrawn(&self, header: &Header) {
        let change = self.queue.withdraw(&header.position);
        if header.position.get() != Position::LeftCaller {
            self.stops_waiting(header);
        }
        self.queue_changed(change);
        self.job_ended();
    }

    /// Notes that a job is over, or has stopped running.
    pub(crate) fn job_ended(&self) {
        if !self.queue.is_open() {
            self.dismiss_if_finished();
        }
    }

    /// Notes that a job waits in the queue or in the waitlist.
    pub(super) fn starts_waiting(&self, header: &Header) {
        if let Some(&expected) = header.estimate.as_deref() {
            self.admission.joined(expected);
        }
    }

    pub(super) fn stops_waiting(&self, header: &Header) {
        if let Some(&expected) = header.estimate.as_deref() {
            self.admission.left(expected);
        }
    }
}
