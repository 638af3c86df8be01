//! How processes start, are replaced and end.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use unblock_runtime::processes::{ProcessPool, Restarts, init_in_test};
use unblock_runtime::{BuildError, Error};

use crate::deaths::wait_until;
use crate::support::{add, build, builder, forget_pool, process_id, sleep_for_ever, wait};

fn pid(process: u32) -> Pid {
    Pid::from_raw(process.cast_signed()).unwrap()
}

#[test]
fn a_process_is_replaced_after_its_number_of_jobs_and_none_is_missed() {
    init_in_test();
    let pool = build(builder().jobs_per_process(3));
    let mut ids = Vec::new();
    for _ in 0..100 {
        ids.push(wait(process_id()).unwrap());
    }
    ids.dedup();
    assert!(ids.len() > 1, "{ids:?}");
    wait_until(|| pool.processes().len() == 1);
    let counts = pool.process_counts();
    assert_eq!((counts.died, counts.killed), (0, 0));
    assert_eq!(counts.started, counts.recycled + 1);
}

/// A backlog does not hang a pool whose processes are replaced all the time.
#[test]
fn a_backlog_is_served_by_processes_of_one_job_each() {
    init_in_test();
    build(builder().processes(2).jobs_per_process(1));
    wait(async {
        let calls: Vec<_> = (0..50).map(|n| add(n, n)).collect();
        for (n, call) in calls.into_iter().enumerate() {
            assert_eq!(call.await.unwrap() as usize, 2 * n);
        }
    });
}

#[test]
fn a_process_that_dies_idle_is_replaced_and_no_job_is_lost() {
    init_in_test();
    let pool = build(builder());
    for _ in 0..5 {
        let process = wait(process_id()).unwrap();
        kill_process(pid(process), Signal::KILL).unwrap();
        wait_until(|| pool.processes().iter().all(|other| other.id != process));
        assert_ne!(wait(process_id()).unwrap(), process);
    }
    assert_eq!(pool.stats().failed, 0);
}

#[test]
fn processes_that_die_at_their_start_are_an_outage_with_a_reason() {
    init_in_test();
    let program = "/bin/false";
    let restarts = Restarts::new(1, Duration::from_hours(1));
    build(builder().program(program).restarts(restarts));
    match wait(add(2, 3)) {
        Err(Error::Unreachable { retry_after, reason }) => {
            assert_eq!(&*reason, "its processes die: exit status: 1");
            assert!(retry_after > Duration::ZERO);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_start_that_hangs_is_killed() {
    init_in_test();
    let restarts = Restarts::new(0, Duration::from_hours(1));
    let pool = build(
        builder()
            .program("/bin/sleep")
            .arguments(["1000"])
            .start_timeout(Duration::from_millis(50))
            .restarts(restarts),
    );
    match wait(add(2, 3)) {
        Err(Error::Unreachable { reason, .. }) => {
            assert_eq!(&*reason, "its processes die: killed, as it was not ready after 50ms");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(pool.process_counts().killed, 1);
}

#[test]
fn a_program_that_does_not_exist_cannot_be_built_with() {
    init_in_test();
    let error = builder().program("/nowhere").build().unwrap_err();
    assert!(matches!(error, BuildError::Processes(_)));
    assert!(error.to_string().starts_with("a worker process could not be started: No such file"));
}

#[test]
fn settings_out_of_range_are_refused() {
    init_in_test();
    let refused = |builder: unblock_runtime::processes::ProcessPoolBuilder, text: &str| {
        assert_eq!(builder.build().unwrap_err().to_string(), text);
    };
    refused(builder().processes(0), "processes must be at least 1");
    refused(builder().jobs_per_process(0), "jobs_per_process must be at least 1");
    refused(builder().niceness(20), "niceness must be 0 to 19, not 20");
    refused(builder().message_limit(1 << 32), "message_limit must be less than 4 GiB");
}

#[test]
fn a_dropped_pool_runs_its_jobs_and_ends_its_processes() {
    init_in_test();
    let pool = build(builder());
    let process = wait(process_id()).unwrap();
    let sum = add(2, 3);
    forget_pool();
    drop(pool);
    drop(sum);
    wait_until(|| kill_process(pid(process), Signal::CONT).is_err());
}

#[test]
fn a_shutdown_waits_for_jobs_then_kills_and_then_reports() {
    init_in_test();
    let pool = build(builder().kill_after(Duration::from_millis(20)));
    let process = wait(process_id()).unwrap();
    let report = wait(async {
        let call = tokio::task::LocalSet::new();
        call.run_until(async {
            let call = tokio::task::spawn_local(sleep_for_ever());
            tokio::task::yield_now().await;
            wait_until(|| pool.stats().running == 1);
            let report = pool.shutdown(Duration::from_millis(1)).await;
            assert!(matches!(call.await.unwrap(), Err(Error::Died(_))));
            report
        })
        .await
    });
    assert_eq!((report.finished, report.running), (1, 0));
    assert!(kill_process(pid(process), Signal::CONT).is_err());
    assert!(matches!(wait(add(2, 3)), Err(Error::Closed)));
    assert!(ProcessPool::builder().processes(1).build().is_ok(), "another one is not concerned");
}
