//! Each way in which a worker process can end in a job: its caller hears of it, the next job is
//! served, and nothing is left behind.

use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, test_kill_process};
use unblock_runtime::processes::{ProcessPool, init_in_test};
use unblock_runtime::{Error, unblock};

use crate::support::{
    Failure, abort, add, allocate, build, builder, death, exit, kill_yourself, overflow_the_stack,
    pool, process_id, wait,
};

/// Checks that the pool serves again, with another process, and that the dead one is reaped.
fn is_well_after(pool: &ProcessPool, dead: u32) {
    assert_eq!(wait(add(2, 3)).unwrap(), 5);
    assert_ne!(wait(process_id()).unwrap(), dead);
    assert!(is_gone(dead), "it is reaped before its caller hears of it");
    let stats = pool.stats();
    assert_eq!(stats.submitted, stats.outcomes().total());
}

fn is_gone(process: u32) -> bool {
    test_kill_process(Pid::from_raw(process.cast_signed()).unwrap()).is_err()
}

#[track_caller]
fn dies(text: &str, job: impl AsyncFnOnce() -> Result<(), Error>) -> unblock_runtime::Death {
    let pool = pool();
    let before = wait(process_id()).unwrap();
    let death = death(wait(job()));
    assert!(death.status().starts_with(text), "{death}");
    is_well_after(&pool, before);
    death
}

#[test]
fn an_abort_is_told_with_what_the_process_wrote() {
    init_in_test();
    let pool = build(builder());
    let death = dies("signal: 6 (SIGABRT)", async || abort().await);
    assert_eq!(death.stderr(), "about to abort");
    assert_eq!(pool.process_counts().died, 1);
    assert_eq!(pool.stats().failed, 1);
}

#[test]
fn an_exit_is_told_with_its_code() {
    init_in_test();
    build(builder());
    dies("exit status: 3", async || exit(3).await);
    dies("exit status: 0", async || exit(0).await);
}

#[test]
fn a_segmentation_fault_and_a_kill_are_told_with_their_signals() {
    init_in_test();
    build(builder());
    dies("signal: 11 (SIGSEGV)", async || kill_yourself(11).await);
    dies("signal: 9 (SIGKILL)", async || kill_yourself(9).await);
}

#[test]
fn a_stack_overflow_is_told_as_the_runtime_says_it() {
    init_in_test();
    build(builder());
    let death = dies("signal: 6 (SIGABRT)", async || overflow_the_stack().await.map(|_| ()));
    assert!(death.stderr().contains("has overflowed its stack"), "{death}");
}

#[test]
#[cfg(target_os = "linux")]
fn an_allocation_over_the_limit_is_told_with_the_limit() {
    init_in_test();
    build(builder().memory(256 << 20));
    assert_eq!(wait(allocate(50 << 20)).unwrap(), 50 << 20);
    let death = dies("signal: 6 (SIGABRT)", async || allocate(512 << 20).await.map(|_| ()));
    assert!(death.status().ends_with("; its memory has a limit of 268435456 bytes"), "{death}");
    assert!(death.stderr().contains("memory allocation of 536870912 bytes failed"), "{death}");
}

#[test]
fn one_death_fails_one_job() {
    init_in_test();
    let pool = build(builder().processes(2));
    let (dead, sum) = wait(async { tokio::join!(abort(), add(2, 3)) });
    death(dead);
    assert_eq!(sum.unwrap(), 5);
    let sums = wait(async { tokio::join!(add(1, 1), add(2, 2), add(3, 3)) });
    assert_eq!((sums.0.unwrap(), sums.1.unwrap(), sums.2.unwrap()), (2, 4, 6));
    assert_eq!(pool.stats().failed, 1);
}

#[unblock(remote, pool = pool())]
fn leave_a_child(aborts: bool) -> Result<u32, Failure> {
    let child = std::process::Command::new("sleep").arg("1000").spawn()?;
    if aborts {
        eprintln!("{}", child.id());
        std::process::abort();
    }
    Ok(child.id())
}

#[test]
fn what_a_process_has_started_dies_with_it() {
    init_in_test();
    build(builder());
    let Err(Failure::Call(Error::Died(death))) = wait(leave_a_child(true)) else { panic!() };
    let child: u32 = death.stderr().trim().parse().unwrap();
    // Its new parent may not have reaped it yet.
    wait_until(|| is_gone(child) || is_zombie(child));
    assert_eq!(wait(add(2, 3)).unwrap(), 5);
}

fn is_zombie(process: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('Z'))
}

/// Waits for what happens without a word to anybody.
pub(crate) fn wait_until(is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_mins(1), "it does not happen");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[unblock(remote, pool = pool())]
fn close_standard_output() -> Result<(), Failure> {
    // Nothing closes a descriptor but its owner. Putting another file in its place does.
    let file = std::fs::File::open("/dev/null")?;
    rustix::stdio::dup2_stdout(&file).map_err(std::io::Error::from)?;
    rustix::stdio::dup2_stderr(&file).map_err(std::io::Error::from)?;
    println!("nobody reads this");
    Ok(())
}

#[test]
fn standard_output_is_not_the_wire() {
    init_in_test();
    let pool = build(builder());
    wait(close_standard_output()).unwrap();
    assert_eq!(wait(add(2, 3)).unwrap(), 5);
    assert_eq!(pool.process_counts().started, 1);
}

#[unblock(remote, pool = pool())]
fn descriptors() -> Result<Vec<String>, Failure> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir("/proc/self/fd")? {
        // The one by which the list is read is gone when its link is read.
        names.extend(std::fs::read_link(entry?.path()).ok());
    }
    Ok(names.into_iter().map(|name| name.to_string_lossy().into_owned()).collect())
}

#[test]
#[cfg(target_os = "linux")]
fn a_process_has_no_descriptor_of_its_parent() {
    use rustix::io::{FdFlags, fcntl_setfd};
    init_in_test();
    let file = std::fs::File::open("/proc/self/status").unwrap();
    fcntl_setfd(&file, FdFlags::empty()).unwrap();
    build(builder());
    let names = wait(descriptors()).unwrap();
    assert!(!names.iter().any(|name| name.ends_with("/status")), "{names:?}");
    assert!(names.len() <= 6, "{names:?}");
    drop(file);
}

#[unblock(remote, pool = pool())]
fn leak_descriptors() -> Result<(), Failure> {
    loop {
        let file = std::fs::File::open(Path::new("/dev/null"))?;
        std::mem::forget(file);
    }
}

#[test]
fn descriptors_that_a_job_leaks_are_those_of_its_process() {
    init_in_test();
    let pool = build(builder().jobs_per_process(2));
    let Err(Failure::System(text)) = wait(leak_descriptors()) else { panic!() };
    assert!(text.starts_with("Too many open files"), "{text}");
    // Its process is replaced, as it has run its jobs.
    wait(add(1, 1)).unwrap();
    wait_until(|| pool.process_counts().recycled == 1);
    assert!(wait(descriptors()).unwrap().len() <= 6);
}
