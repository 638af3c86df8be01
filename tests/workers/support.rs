//! Pools of processes for tests, and functions that misbehave on request.

use std::cell::RefCell;
use std::future::Future;
use std::time::Duration;

use unblock_runtime::processes::{ProcessPool, ProcessPoolBuilder};
use unblock_runtime::{Death, Error, job, unblock};

thread_local! {
    static POOL: RefCell<Option<ProcessPool>> = const { RefCell::new(None) };
}

/// The pool of the test that this thread runs.
pub(crate) fn pool() -> ProcessPool {
    POOL.with_borrow(|pool| pool.clone().expect("the test has built its pool"))
}

/// Builds the pool that the functions below run on, for the test that this thread runs. Its
/// processes have as long to obey as it takes, unless the test says otherwise.
pub(crate) fn build(builder: ProcessPoolBuilder) -> ProcessPool {
    let pool = builder.build().expect("worker processes");
    POOL.set(Some(pool.clone()));
    pool
}

pub(crate) fn builder() -> ProcessPoolBuilder {
    ProcessPool::builder().name("test").processes(1).kill_after(Duration::from_mins(1))
}

/// Gives the thread's pool up, so that the handle that is left is the last.
pub(crate) fn forget_pool() {
    POOL.set(None);
}

pub(crate) fn wait<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(future)
}

pub(crate) fn death<T: std::fmt::Debug>(outcome: Result<T, Error>) -> Death {
    match outcome {
        Err(Error::Died(death)) => death,
        other => panic!("{other:?} is no death"),
    }
}

/// The error of functions that call the system.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(crate) enum Failure {
    System(String),
    Call(Error),
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::System(error.to_string())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Call(error)
    }
}

#[unblock(remote, pool = pool())]
pub(crate) fn add(a: u32, b: u32) -> Result<u32, Error> {
    Ok(a + b)
}

#[unblock(remote, pool = pool())]
pub(crate) fn echo(bytes: Vec<u8>) -> Result<Vec<u8>, Error> {
    Ok(bytes)
}

#[unblock(remote, pool = pool())]
pub(crate) fn process_id() -> Result<u32, Error> {
    Ok(std::process::id())
}

#[unblock(remote, pool = pool())]
pub(crate) fn panic(text: &str) -> Result<(), Error> {
    panic!("{text}")
}

#[unblock(remote, pool = pool())]
pub(crate) fn abort() -> Result<(), Error> {
    println!("about to abort");
    std::process::abort()
}

#[unblock(remote, pool = pool())]
pub(crate) fn exit(code: i32) -> Result<(), Error> {
    std::process::exit(code)
}

#[unblock(remote, pool = pool())]
pub(crate) fn kill_yourself(signal: i32) -> Result<(), Error> {
    let signal = rustix::process::Signal::from_named_raw(signal).unwrap();
    // The runtime takes the first SIGSEGV for one that the instruction would cause again.
    loop {
        rustix::process::kill_process(rustix::process::getpid(), signal).unwrap();
    }
}

#[unblock(remote, pool = pool())]
pub(crate) fn overflow_the_stack() -> Result<u64, Error> {
    fn deeper(depth: u64) -> u64 {
        let frame = std::hint::black_box([depth; 64]);
        if depth == u64::MAX { 0 } else { deeper(depth + 1) + frame[7] }
    }
    Ok(deeper(0))
}

#[unblock(remote, pool = pool())]
pub(crate) fn allocate(bytes: usize) -> Result<usize, Error> {
    Ok(std::hint::black_box(vec![1_u8; bytes]).len())
}

/// Ends when it is told that it is cancelled.
#[unblock(remote, pool = pool(), timeout = "200ms")]
pub(crate) fn obey() -> Result<(), Error> {
    while !job::is_cancelled() {
        std::thread::yield_now();
    }
    Ok(())
}

/// Never ends.
#[unblock(remote, pool = pool(), timeout = "200ms")]
pub(crate) fn spin() -> Result<(), Error> {
    loop {
        std::hint::spin_loop();
    }
}

/// Never ends, and nobody has set a time.
#[unblock(remote, pool = pool())]
pub(crate) fn sleep_for_ever() -> Result<(), Error> {
    loop {
        std::thread::park();
    }
}
