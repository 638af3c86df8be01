//! What the tests of the core are gated with: gates, guards that count their drops, an executor
//! written by hand.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use unblock_runtime::{Pool, Stats, Submission};

/// No test waits longer than this: it is what tells a hang from a slow machine.
pub(crate) const DEADLINE: Duration = Duration::from_mins(1);

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The plainest executor there is: polls, parks, polls.
#[track_caller]
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let start = Instant::now();
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        thread::park_timeout(DEADLINE);
        assert!(start.elapsed() < DEADLINE, "the future was not woken");
    }
}

/// Polls once, for nobody.
pub(crate) fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Waits until `condition` holds; for what can only be observed, such as a thread's end.
#[track_caller]
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < DEADLINE, "not seen within {DEADLINE:?}: {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// The next message, which must come.
#[track_caller]
pub(crate) fn next<T>(receiver: &Receiver<T>) -> T {
    receiver.recv_timeout(DEADLINE).expect("a message")
}

/// Holds back those who wait at it until it is opened.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn wait(&self) {
        let (open, changed) = &*self.0;
        let open = open.lock().unwrap();
        let (open, _) = changed.wait_timeout_while(open, DEADLINE, |open| !*open).unwrap();
        assert!(*open, "the gate was never opened");
    }

    pub(crate) fn open(&self) {
        let (open, changed) = &*self.0;
        *open.lock().unwrap() = true;
        changed.notify_all();
    }
}

/// A job that has begun and waits at its gate.
pub(crate) struct Held {
    pub(crate) gate: Gate,
    pub(crate) submission: Submission<()>,
}

impl Held {
    /// Opens the gate and waits for the job's end.
    pub(crate) fn release(self) {
        self.gate.open();
        block_on(self.submission).unwrap();
    }
}

/// Submits a job that waits at a gate, and waits until it has begun.
#[track_caller]
pub(crate) fn hold(pool: &Pool) -> Held {
    let (begun, begins) = mpsc::channel();
    let gate = Gate::new();
    let at = gate.clone();
    let submission = pool.submit(move || {
        begun.send(()).unwrap();
        at.wait();
    });
    next(&begins);
    Held { gate, submission }
}

/// A pool of one thread, which `hold` keeps from everything else.
pub(crate) fn single(capacity: usize) -> Pool {
    Pool::builder().parallelism(1).max_threads(1).queue_capacity(capacity).build().unwrap()
}

/// Counts the guards that were made and those that were dropped.
#[derive(Clone, Default)]
pub(crate) struct Ledger(Arc<[AtomicUsize; 2]>);

impl Ledger {
    pub(crate) fn guard(&self) -> Guard {
        self.0[0].fetch_add(1, Ordering::SeqCst);
        Guard(self.clone())
    }

    pub(crate) fn made(&self) -> usize {
        self.0[0].load(Ordering::SeqCst)
    }

    pub(crate) fn dropped(&self) -> usize {
        self.0[1].load(Ordering::SeqCst)
    }
}

pub(crate) struct Guard(Ledger);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.0[1].fetch_add(1, Ordering::SeqCst);
    }
}

#[track_caller]
pub(crate) fn assert_conserved(stats: &Stats) {
    let over = stats.outcomes().total();
    assert_eq!(stats.submitted, over + stats.queued + stats.running, "{stats:?}");
}

/// Whatever wakes this panics.
struct Explosive;

impl Wake for Explosive {
    fn wake(self: Arc<Self>) {
        panic!("this waker panics");
    }
}

pub(crate) fn explosive_waker() -> Waker {
    Waker::from(Arc::new(Explosive))
}

/// Panics when it is dropped.
pub(crate) struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("this destructor panics");
    }
}

/// The directories of this process's threads whose name begins with `name`, of which the kernel
/// keeps 15 bytes.
#[cfg(target_os = "linux")]
pub(crate) fn tasks_named(name: &str) -> Vec<std::path::PathBuf> {
    assert!(name.len() <= 13, "the number after the name is to be seen too");
    std::fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|task| Some(task.ok()?.path()))
        .filter(|task| {
            std::fs::read_to_string(task.join("comm")).is_ok_and(|comm| comm.starts_with(name))
        })
        .collect()
}

/// Runs one test of this binary in a process of its own, where it finds `variable` set.
pub(crate) fn in_child(test: &str, variable: &str) {
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads", "1"])
        .env(variable, "1")
        .output()
        .unwrap();
    let (out, error) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{test} in a child: {}\n{out}\n{error}", output.status);
    assert!(out.contains("1 passed"), "{test} is not the name of a test:\n{out}");
    print!("{out}");
}

/// How many files, sockets among them, this process has open. The one that counts is one of them.
#[cfg(target_os = "linux")]
pub(crate) fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Asks the system for so many open files, and says how many this process may have.
#[cfg(target_os = "linux")]
pub(crate) fn may_open(wanted: usize) -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(wanted as u64, |maximum| maximum.min(wanted as u64));
    if limit.current.is_some_and(|current| current < wanted) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limit.maximum })
            .unwrap();
    }
    getrlimit(Resource::Nofile)
        .current
        .map_or(usize::MAX, |current| usize::try_from(current).unwrap())
}
