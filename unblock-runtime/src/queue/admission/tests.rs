use std::time::Duration;

use super::average::WINDOW;
use super::{Admission, Average, nanos};

const MS: Duration = Duration::from_millis(1);

fn known(time: Duration) -> Average {
    let average = Average::new();
    average.observe(nanos(time));
    average
}

fn queue(admission: &Admission, handler: &Average, jobs: usize) {
    for _ in 0..jobs {
        admission.joined(admission.expect(Some(handler)), Some(handler));
    }
}

#[test]
fn without_history_a_job_is_admitted() {
    let admission = Admission::new(2);
    assert!(admission.admit(admission.expect(None), None, MS).is_ok());
}

#[test]
fn a_burst_of_a_new_handler_is_admitted_and_more_as_more_is_known() {
    let (admission, handler) = (Admission::new(2), Average::new());
    let admit = || admission.admit(admission.expect(Some(&handler)), Some(&handler), 1000 * MS);
    queue(&admission, &handler, 127);
    assert!(admit().is_ok());
    queue(&admission, &handler, 1);
    assert_eq!(admit(), Err(1000 * MS), "128 wait, and nothing is known of them");
    handler.observe(1);
    assert!(admit().is_ok());
    queue(&admission, &handler, 2);
    assert!(admit().is_err());
    for _ in 0..WINDOW {
        handler.observe(1);
    }
    assert!(admit().is_ok(), "enough is known now");
}

#[test]
fn an_unknown_handler_is_expected_to_take_what_others_take() {
    let admission = Admission::new(1);
    admission.ran(None, 10 * MS);
    assert_eq!(admission.expect(Some(&Average::new())).run, 10_000_000);
}

#[test]
fn the_wait_is_the_queued_work_over_the_workers() {
    let (admission, handler) = (Admission::new(2), known(5 * MS));
    queue(&admission, &handler, 100);
    assert_eq!(admission.predicted_wait(admission.expect(None)), 250 * MS);
}

#[test]
fn a_job_that_cannot_make_it_is_refused_with_the_time_to_come_back() {
    let (admission, handler) = (Admission::new(1), known(10 * MS));
    queue(&admission, &handler, 100);
    let expected = admission.expect(Some(&handler));
    assert!(admission.admit(expected, None, 1300 * MS).is_ok());
    // 80 % of the 510 ms less its own 10 ms can be waited for; it would be a second.
    assert_eq!(admission.admit(expected, None, 510 * MS), Err(600 * MS));
}

#[test]
fn a_slow_handlers_backlog_counts_for_what_it_is() {
    let (admission, slow, cheap) = (Admission::new(1), known(50 * MS), known(MS));
    queue(&admission, &slow, 10);
    queue(&admission, &cheap, 100);
    assert_eq!(admission.predicted_wait(admission.expect(Some(&cheap))), 600 * MS);
}

#[test]
fn fewer_calls_are_admitted_of_a_handler_whose_calls_differ() {
    let longest_admitted = |times: [Duration; 2]| {
        let (admission, handler) = (Admission::new(1), Average::new());
        for run in 0..1000 {
            handler.observe(nanos(times[run % 2]));
        }
        let expected = || admission.expect(Some(&handler));
        while admission.admit(expected(), Some(&handler), 1000 * MS).is_ok() {
            admission.joined(expected(), Some(&handler));
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
    let (admission, handler) = (Admission::new(1), known(MS));
    handler.observe(nanos(1000 * MS));
    assert!(admission.admit(admission.expect(Some(&handler)), Some(&handler), 10 * MS).is_ok());
}

#[test]
fn a_job_that_leaves_is_not_waited_for() {
    let (admission, handler) = (Admission::new(1), known(MS));
    let expected = admission.expect(Some(&handler));
    admission.joined(expected, None);
    admission.left(expected, None);
    assert_eq!(admission.predicted_wait(admission.expect(None)), Duration::ZERO);
    assert_eq!(admission.expect(None).deviation, 0);
}

#[test]
fn the_correction_follows_jobs_that_sleep_side_by_side() {
    let (admission, handler) = (Admission::new(1), known(100 * MS));
    queue(&admission, &handler, 100);
    let expected = admission.expect(Some(&handler));
    assert!(admission.admit(expected, None, 1000 * MS).is_err());
    for _ in 0..200 {
        admission.waited(expected, 100 * MS);
    }
    assert!(admission.admit(expected, None, 1000 * MS).is_ok());
}

#[test]
fn an_average_follows_a_handler_that_changes() {
    let handler = known(MS);
    for _ in 0..600 {
        handler.observe(nanos(20 * MS));
    }
    assert!(handler.nanos() > 19_000_000, "{}", handler.nanos());
}
