//! Jobs whose callers are gone or whose time is over.

use std::time::Duration;

use unblock_runtime::processes::{Activity, init_in_test};
use unblock_runtime::{Error, job, unblock};

use crate::deaths::wait_until;
use crate::support::{add, build, builder, obey, pool, process_id, sleep_for_ever, spin, wait};

#[test]
fn a_job_that_obeys_keeps_its_process() {
    init_in_test();
    let pool = build(builder());
    let before = wait(process_id()).unwrap();
    assert!(matches!(wait(obey()), Err(Error::TimedOut)));
    assert_eq!(wait(process_id()).unwrap(), before);
    assert_eq!(pool.process_counts().killed, 0);
    assert_eq!(pool.stats().timed_out, 1);
}

#[test]
fn an_endless_loop_is_killed_after_its_deadline_and_the_next_job_is_served() {
    init_in_test();
    let pool = build(builder().kill_after(Duration::from_millis(20)));
    let before = wait(process_id()).unwrap();
    assert!(matches!(wait(spin()), Err(Error::TimedOut)));
    assert_ne!(wait(process_id()).unwrap(), before);
    assert_eq!(pool.process_counts().killed, 1);
}

#[test]
fn the_process_of_a_caller_that_is_gone_is_killed() {
    init_in_test();
    let pool = build(builder().kill_after(Duration::ZERO));
    wait(async {
        let mut call = Box::pin(sleep_for_ever());
        let is_running =
            || matches!(pool.processes()[..], [ref one] if one.activity != Activity::Idle);
        assert!(
            std::future::poll_fn(|cx| std::task::Poll::Ready(call.as_mut().poll(cx)))
                .await
                .is_pending()
        );
        wait_until(is_running);
    });
    assert_eq!(wait(add(2, 3)).unwrap(), 5);
    assert_eq!(pool.process_counts().killed, 1);
}

#[unblock(remote, pool = pool(), timeout = "200ms")]
fn hooked() -> Result<(), Error> {
    let (called, calls) = std::sync::mpsc::channel();
    let _guard = job::on_cancel(move || called.send(()).unwrap());
    calls.recv().unwrap();
    Ok(())
}

#[test]
fn a_hook_in_a_worker_is_called_when_its_job_is_cancelled() {
    init_in_test();
    let pool = build(builder());
    let before = wait(process_id()).unwrap();
    assert!(matches!(wait(hooked()), Err(Error::TimedOut)));
    assert_eq!(wait(process_id()).unwrap(), before, "the hook ended the job");
    assert_eq!(pool.process_counts().killed, 0);
}
