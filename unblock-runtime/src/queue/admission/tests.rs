use std::num::NonZero;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::average::WINDOW;
use super::{Admission, Average, Expected, Resource, nanos};
use crate::pool::PoolSize;

const MS: Duration = Duration::from_millis(1);

/// A thread for each core, and as many for blocking jobs.
pub(super) fn size(parallelism: u32) -> PoolSize {
    PoolSize { parallelism, max_threads: 2 * parallelism as usize }
}

fn admission(parallelism: u32) -> Admission {
    Admission::new(size(parallelism), Instant::now())
}

fn known(time: Duration) -> Average {
    let average = Average::new();
    (0..WINDOW).for_each(|_| observe(&average, time));
    average
}

/// Adds a run time at the same moment as all others.
fn observe(average: &Average, time: Duration) {
    static MOMENT: OnceLock<Instant> = OnceLock::new();
    average.observe(nanos(time), *MOMENT.get_or_init(Instant::now));
}

fn expect(admission: &Admission, handler: Option<&Average>) -> Expected {
    admission.expect(handler, Resource::Core)
}

fn queue(admission: &Admission, handler: &Average, jobs: usize) {
    for _ in 0..jobs {
        admission.joined(expect(admission, Some(handler)));
    }
}

#[test]
fn without_history_a_job_is_admitted() {
    let admission = admission(2);
    assert!(admission.admit(expect(&admission, None), MS).is_ok());
}

#[test]
fn a_burst_of_a_new_handler_is_admitted_and_more_as_more_is_known() {
    let (admission, handler) = (admission(2), Average::new());
    let admit = || admission.admit(expect(&admission, Some(&handler)), 1000 * MS);
    queue(&admission, &handler, 127);
    assert!(admit().is_ok());
    queue(&admission, &handler, 1);
    assert_eq!(admit(), Err(1000 * MS), "128 wait, and nothing is known of them");
    observe(&handler, Duration::from_nanos(1));
    assert!(admit().is_ok());
    queue(&admission, &handler, 2);
    assert!(admit().is_err());
    for _ in 0..WINDOW {
        observe(&handler, Duration::from_nanos(1));
    }
    assert!(admit().is_ok(), "enough is known now");
}

#[test]
fn an_unknown_handler_is_expected_to_take_what_others_take() {
    let admission = admission(1);
    admission.ran(None, 10 * MS, Instant::now());
    assert_eq!(expect(&admission, Some(&Average::new())).run, 10_000_000);
}

#[test]
fn the_wait_is_the_queued_work_over_the_workers() {
    let (admission, handler) = (admission(2), known(5 * MS));
    queue(&admission, &handler, 100);
    assert_eq!(admission.predicted_wait(expect(&admission, None)), 250 * MS);
}

#[test]
fn a_job_that_cannot_make_it_is_refused_with_the_time_to_come_back() {
    let (admission, handler) = (admission(1), known(10 * MS));
    queue(&admission, &handler, 100);
    let expected = expect(&admission, Some(&handler));
    assert!(admission.admit(expected, 1300 * MS).is_ok());
    // 80 % of the 510 ms less its own 10 ms can be waited for; it would be a second.
    assert_eq!(admission.admit(expected, 510 * MS), Err(600 * MS));
}

#[test]
fn a_slow_handlers_backlog_counts_for_what_it_is() {
    let (admission, slow, cheap) = (admission(1), known(50 * MS), known(MS));
    queue(&admission, &slow, 10);
    queue(&admission, &cheap, 100);
    assert_eq!(admission.predicted_wait(expect(&admission, Some(&cheap))), 600 * MS);
}

#[test]
fn fewer_calls_are_admitted_of_a_handler_whose_calls_differ() {
    let longest_admitted = |times: [Duration; 2]| {
        let (admission, handler) = (admission(1), Average::new());
        for run in 0..1000 {
            observe(&handler, times[run % 2]);
        }
        let expected = || expect(&admission, Some(&handler));
        while admission.admit(expected(), 1000 * MS).is_ok() {
            admission.joined(expected());
        }
        admission.predicted_wait(expected())
    };
    assert!(longest_admitted([10 * MS, 10 * MS]) > 780 * MS);
    // A deviation of 9 ms: with n jobs of 10 ms, 10 n + 2 · 9 √n = 790.
    let wait = longest_admitted([MS, 19 * MS]);
    assert!(wait > 620 * MS && wait < 660 * MS, "{wait:?}");
}

#[test]
fn with_nothing_in_front_a_job_is_admitted_however_much_its_handlers_calls_differ() {
    let (admission, handler) = (admission(1), known(MS));
    observe(&handler, 1000 * MS);
    assert!(admission.admit(expect(&admission, Some(&handler)), 10 * MS).is_ok());
}

#[test]
fn a_job_that_leaves_is_not_waited_for() {
    let (admission, handler) = (admission(1), known(MS));
    let expected = expect(&admission, Some(&handler));
    admission.joined(expected);
    admission.left(expected);
    assert_eq!(admission.predicted_wait(expect(&admission, None)), Duration::ZERO);
    assert_eq!(expect(&admission, None).deviation, 0);
}

#[test]
fn the_correction_follows_jobs_that_sleep_side_by_side() {
    let (admission, handler) = (admission(1), known(100 * MS));
    queue(&admission, &handler, 100);
    let expected = expect(&admission, Some(&handler));
    assert!(admission.admit(expected, 1000 * MS).is_err());
    let start = Instant::now();
    for wait in 0..200 {
        admission.waited(expected, 100 * MS, start + wait * 10 * MS);
    }
    assert!(admission.admit(expected, 1000 * MS).is_ok());
}

#[test]
fn an_average_follows_a_handler_that_changes() {
    let handler = known(MS);
    for _ in 0..600 {
        observe(&handler, 20 * MS);
    }
    assert!(handler.nanos() > 19_000_000, "{}", handler.nanos());
}

#[test]
fn a_job_also_waits_for_the_jobs_of_its_handler_that_may_run_at_a_time() {
    let (admission, handler) = (admission(8), known(100 * MS));
    let expected = |ahead| {
        let mut expected = expect(&admission, Some(&handler));
        expected.wait_for_turn(ahead, NonZero::new(4).unwrap());
        expected
    };
    assert_eq!(admission.predicted_wait(expected(40)), 1000 * MS);
    assert!(admission.admit(expected(40), 2000 * MS).is_ok());
    assert!(admission.admit(expected(80), 2000 * MS).is_err());
}
