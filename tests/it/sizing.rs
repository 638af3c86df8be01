//! How many workers run: as few as keep the cores busy, one more for each that sleeps, and never
//! more than allowed.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use unblock_runtime::{Error, Pool, Submission, job, unblock};

use crate::support::{Gate, Held, block_on, eventually, hold, next, poll_once};

/// A job that waits for a job that waits for a job, and so on.
fn nested(pool: &Pool, depth: usize) -> usize {
    if depth == 0 {
        return 0;
    }
    let inner = pool.clone();
    1 + block_on(pool.submit(move || nested(&inner, depth - 1))).unwrap()
}

#[test]
fn jobs_that_wait_for_jobs_of_their_pool_do_not_deadlock_below_max_threads() {
    for parallelism in [1, 2] {
        let pool =
            Pool::builder().parallelism(parallelism).max_threads(8).keep_alive(Duration::ZERO);
        let pool = pool.build().unwrap();
        for _ in 0..5 {
            // Seven wait, each for the next, and the eighth works.
            assert_eq!(nested(&pool, 8), 8);
        }
        assert!(pool.stats().threads <= 8);
    }
}

#[test]
fn two_chains_of_jobs_that_wait_share_the_threads() {
    let pool = Pool::builder().parallelism(2).max_threads(8).queue_capacity(1).build().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| assert_eq!(nested(&pool, 4), 4));
        }
    });
}

/// The number of jobs inside, and the most there ever were.
#[derive(Clone, Default)]
struct Crowd(Arc<[AtomicUsize; 2]>);

impl Crowd {
    fn enter(&self) {
        let now = self.0[0].fetch_add(1, Ordering::SeqCst) + 1;
        self.0[1].fetch_max(now, Ordering::SeqCst);
    }

    fn leave(&self) {
        self.0[0].fetch_sub(1, Ordering::SeqCst);
    }

    fn most(&self) -> usize {
        self.0[1].load(Ordering::SeqCst)
    }
}

/// Keeps a core busy, for a number of rounds and not for a time.
fn compute(rounds: u64) -> u64 {
    (0..rounds).fold(1, |value, round| std::hint::black_box(value ^ round).rotate_left(7))
}

#[test]
fn there_are_never_more_than_max_threads() {
    let pool = Pool::builder().parallelism(2).max_threads(5).queue_capacity(100).build().unwrap();
    let crowd = Crowd::default();
    let (told, tells) = mpsc::channel();
    let releases: Vec<_> = (0..50)
        .map(|number| {
            let (release, released) = mpsc::channel::<()>();
            let (told, crowd) = (told.clone(), crowd.clone());
            let submission = pool.submit(move || {
                crowd.enter();
                told.send(number).unwrap();
                next(&released);
                crowd.leave();
            });
            (release, submission)
        })
        .collect();
    for _ in 0..50 {
        let number: usize = next(&tells);
        assert!(pool.stats().threads <= 5);
        releases[number].0.send(()).unwrap();
    }
    for (_, submission) in releases {
        block_on(submission).unwrap();
    }
    assert!(crowd.most() <= 5, "{}", crowd.most());
}

/// Jobs that sleep until the gate opens: as many as twice the pool's threads.
fn sleep_until_open(pool: &Pool, gate: &Gate) -> Vec<Submission<()>> {
    let sleep = || {
        let gate = gate.clone();
        pool.submit(move || gate.wait())
    };
    (0..2 * pool.stats().max_threads).map(|_| sleep()).collect()
}

#[cfg(all(target_os = "linux", not(unblock_by_time)))]
#[test]
fn jobs_that_sleep_leave_threads_to_those_that_compute() {
    for teaches in [true, false] {
        let pool = Pool::builder().parallelism(2).max_threads(64).build().unwrap();
        let gate = Gate::new();
        let sleepers = sleep_until_open(&pool, &gate);
        eventually("they sleep", || pool.stats().running >= 62);
        // The first pool has found out that such jobs sleep, so the second knows.
        if !teaches {
            assert_eq!(block_on(pool.submit(|| 1)).unwrap(), 1);
        }
        drop(sleepers);
        gate.open();
    }
}

#[test]
fn a_small_pool_of_jobs_that_sleep_uses_all_of_its_threads() {
    let pool = Pool::builder().parallelism(2).max_threads(6).build().unwrap();
    for _ in 0..3 {
        let gate = Gate::new();
        let sleepers = sleep_until_open(&pool, &gate);
        eventually("all threads sleep", || pool.stats().running == 6);
        gate.open();
        for sleeper in sleepers {
            block_on(sleeper).unwrap();
        }
    }
}

/// Jobs of `pool` that compute; returns how many did at once, at the most.
fn most_computing(pool: &Pool, jobs: usize, rounds: u64) -> usize {
    let crowd = Crowd::default();
    let submissions: Vec<_> = (0..jobs)
        .map(|_| {
            let crowd = crowd.clone();
            pool.submit(move || {
                crowd.enter();
                compute(rounds);
                crowd.leave();
            })
        })
        .collect();
    for submission in submissions {
        block_on(submission).unwrap();
    }
    crowd.most()
}

#[cfg(all(target_os = "linux", not(unblock_by_time)))]
#[test]
fn jobs_that_compute_do_not_make_the_pool_grow() {
    for parallelism in [1, 2] {
        let pool = Pool::builder().parallelism(parallelism).max_threads(64).build().unwrap();
        let most = most_computing(&pool, 60, 400_000);
        assert!(most <= parallelism + 1, "{most} at once with a parallelism of {parallelism}");
        assert!(pool.stats().threads <= parallelism + 1, "{:?}", pool.stats());
    }
}

#[cfg(all(target_os = "linux", not(unblock_by_time)))]
#[test]
fn jobs_that_compute_until_told_keep_the_others_waiting() {
    let pool = Pool::builder().parallelism(2).max_threads(64).build().unwrap();
    let (crowd, stop) = (Crowd::default(), Arc::new(AtomicBool::new(false)));
    let submissions: Vec<_> = (0..10)
        .map(|_| {
            let (crowd, stop) = (crowd.clone(), Arc::clone(&stop));
            pool.submit(move || {
                crowd.enter();
                while !stop.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
                crowd.leave();
            })
        })
        .collect();
    // The monitor looks every few milliseconds of processor time that it gets; this gives it many.
    compute(20_000_000);
    stop.store(true, Ordering::Relaxed);
    // From here on they do not compute any more, so what they were before counts.
    let most = crowd.most();
    assert!(most <= 3, "{most} at once with a parallelism of 2");
    for submission in submissions {
        block_on(submission).unwrap();
    }
}

/// To the pool they look like long computations.
#[test]
fn jobs_that_wait_for_another_job_by_spinning_do_not_keep_it_from_running_for_ever() {
    let pool = Pool::builder().parallelism(2).max_threads(8).build().unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let mut submissions: Vec<_> = (0..2)
        .map(|_| {
            let done = Arc::clone(&done);
            pool.submit(move || {
                while !done.load(Ordering::Relaxed) {
                    std::thread::yield_now();
                }
            })
        })
        .collect();
    submissions.push(pool.submit(move || done.store(true, Ordering::Relaxed)));
    for submission in submissions {
        block_on(submission).unwrap();
    }
}

/// The others begin at once, though the threads never sleep.
#[test]
fn a_job_that_says_that_it_blocks_lets_others_run_meanwhile() {
    let pool = Pool::builder().parallelism(1).max_threads(4).build().unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let mut submissions: Vec<_> = (0..3)
        .map(|_| {
            let done = Arc::clone(&done);
            pool.submit(move || {
                job::blocking(|| {
                    while !done.load(Ordering::Relaxed) {
                        std::thread::yield_now();
                    }
                });
            })
        })
        .collect();
    submissions.push(pool.submit(move || done.store(true, Ordering::Relaxed)));
    for submission in submissions {
        block_on(submission).unwrap();
    }
}

#[test]
fn a_blocking_part_that_panics_gives_all_back() {
    let pool = Pool::builder().parallelism(1).max_threads(2).build().unwrap();
    for _ in 0..3 {
        let panics = pool.submit(|| job::blocking(|| panic!("in the blocking part")));
        assert!(matches!(block_on(panics), Err(Error::Panicked(_))));
    }
    assert_eq!(block_on(pool.submit(|| job::blocking(|| job::blocking(|| 7)))).unwrap(), 7);
    assert_eq!(job::blocking(|| 7), 7, "outside of a job");
}

#[cfg(all(target_os = "linux", not(unblock_by_time)))]
#[test]
fn after_the_sleepers_woke_the_pool_computes_with_as_many_as_before() {
    let pool = Pool::builder().parallelism(1).max_threads(32).build().unwrap();
    for _ in 0..3 {
        let held: Vec<Held> = (0..32).map(|_| hold(&pool)).collect();
        held.into_iter().for_each(Held::release);
        let most = most_computing(&pool, 40, 200_000);
        assert!(most <= 2, "{most} at once with a parallelism of 1");
    }
}

#[cfg(all(target_os = "linux", not(unblock_by_time)))]
#[test]
fn the_pool_does_not_grow_for_a_job_that_somebody_is_on_his_way_to() {
    let mut surplus = 0;
    for _ in 0..10 {
        let pool = Pool::builder().parallelism(2).max_threads(64).build().unwrap();
        let held: Vec<Held> = (0..10).map(|_| hold(&pool)).collect();
        surplus += pool.stats().threads - held.len();
        held.into_iter().for_each(Held::release);
    }
    // A worker can be seen a moment too late; as a rule it is not.
    assert!(surplus <= 2, "{surplus} threads too many for 100 sleepers");
}

#[test]
fn one_that_computes_does_not_keep_the_sleepers_behind_it_from_beginning() {
    let pool = Pool::builder().parallelism(2).max_threads(16).build().unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&stop);
    let computing = pool.submit(move || {
        while !told.load(Ordering::Relaxed) {
            std::hint::spin_loop();
        }
    });
    let held: Vec<Held> = (0..15).map(|_| hold(&pool)).collect();
    stop.store(true, Ordering::Relaxed);
    block_on(computing).unwrap();
    held.into_iter().for_each(Held::release);
}

/// A handler that sleeps: it tells that it has begun, and waits until it may end.
#[cfg(all(target_os = "linux", not(unblock_by_time)))]
#[unblock(pool = pool)]
fn wait(pool: Pool, told: mpsc::Sender<()>, gate: Gate) {
    let _ = told.send(());
    gate.wait();
}

/// Keeps a worker of `pool` computing until told, and does not return before it does.
#[cfg(all(target_os = "linux", not(unblock_by_time)))]
fn keep_computing(pool: &Pool, stop: &Arc<AtomicBool>) -> Submission<()> {
    let (told, tells) = mpsc::channel();
    let stop = Arc::clone(stop);
    let submission = pool.submit(move || {
        told.send(()).unwrap();
        while !stop.load(Ordering::Relaxed) {
            std::hint::spin_loop();
        }
    });
    next(&tells);
    submission
}

/// All tokens are out for good. One job of the handler goes ahead, is found asleep, and then the
/// others need no token either; nor do those that come when it is known.
#[cfg(all(target_os = "linux", not(unblock_by_time)))]
#[test]
fn a_handler_that_sleeps_does_not_wait_behind_those_that_compute() {
    let pool = Pool::builder().parallelism(1).max_threads(8).build().unwrap();
    let stop = Arc::default();
    let computing = keep_computing(&pool, &stop);
    let behind = pool.submit(|| compute(1000));
    for _ in 0..3 {
        let (gate, (told, tells)) = (Gate::new(), mpsc::channel());
        let mut sleeping: Vec<_> =
            (0..6).map(|_| Box::pin(wait(pool.clone(), told.clone(), gate.clone()))).collect();
        assert!(sleeping.iter_mut().all(|sleeping| poll_once(sleeping).is_pending()));
        (0..6).for_each(|_| next(&tells));
        gate.open();
        sleeping.into_iter().for_each(block_on);
    }
    stop.store(true, Ordering::Relaxed);
    block_on(computing).unwrap();
    block_on(behind).unwrap();
}

/// Each of a kind of its own, so each might go ahead to show what it does.
#[cfg(all(target_os = "linux", not(unblock_by_time)))]
#[test]
fn of_many_new_kinds_that_compute_one_more_than_the_cores_computes() {
    macro_rules! kinds {
        ($pool:ident, $crowd:ident, $($kind:literal)*) => {
            [$({
                let crowd = $crowd.clone();
                $pool.submit(move || {
                    crowd.enter();
                    compute(2_000_000 + $kind);
                    crowd.leave();
                })
            }),*]
        };
    }
    let pool = Pool::builder().parallelism(1).max_threads(32).build().unwrap();
    let crowd = Crowd::default();
    for submission in kinds!(pool, crowd, 0 1 2 3 4 5 6 7 8 9 10 11) {
        block_on(submission).unwrap();
    }
    assert!(crowd.most() <= 2, "{} computed at once", crowd.most());
}

#[unblock(pool = pool)]
fn nested_calls(pool: Pool, depth: usize) -> usize {
    if depth == 0 { 0 } else { 1 + block_on(nested_calls(pool, depth - 1)) }
}

#[test]
fn calls_that_wait_for_calls_do_not_deadlock_when_they_are_known_to_sleep() {
    let pool = Pool::builder().parallelism(2).max_threads(8).build().unwrap();
    for _ in 0..200 {
        assert_eq!(block_on(nested_calls(pool.clone(), 7)), 7);
    }
    assert!(pool.stats().threads <= 8);
}

/// Whoever looks at a pool full of sleepers again and again finds all asleep each time.
#[test]
fn a_pool_that_is_full_of_sleepers_for_long_goes_on() {
    let pool =
        Pool::builder().name("sleepers").parallelism(1).max_threads(4).queue_capacity(1000).build();
    let pool = pool.unwrap();
    let jobs: Vec<_> =
        (0..600).map(|_| pool.submit(|| std::thread::sleep(Duration::from_millis(2)))).collect();
    for job in jobs {
        block_on(job).unwrap();
    }
    // The monitor is there: without it, nobody begins while the one in front sleeps.
    let held: Vec<Held> = (0..4).map(|_| hold(&pool)).collect();
    held.into_iter().for_each(Held::release);
    #[cfg(target_os = "linux")]
    assert_eq!(crate::support::tasks_named("sleepers-moni").len(), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn a_pool_with_nothing_to_do_sleeps() {
    let pool =
        Pool::builder().name("idle").parallelism(2).max_threads(8).keep_alive(Duration::ZERO);
    let pool = pool.build().unwrap();
    let held: Vec<Held> = (0..8).map(|_| hold(&pool)).collect();
    held.into_iter().for_each(Held::release);
    eventually("the surplus is gone", || pool.stats().threads == 2 && pool.stats().idle == 2);
    crate::process::assert_sleep(|| crate::support::tasks_named("idle-"));
}

/// What is left of it lies in the queue until a worker comes by.
#[cfg(target_os = "linux")]
#[test]
fn a_pool_whose_waiting_job_was_cancelled_sleeps() {
    let pool = Pool::builder().name("left").parallelism(1).max_threads(1).build().unwrap();
    let held = hold(&pool);
    drop(pool.submit(|| ()));
    crate::process::assert_sleep(|| crate::support::tasks_named("left-"));
    held.release();
}

/// What the pool logs, in the process of the one test that asks for it.
#[cfg(target_os = "linux")]
static LOG: std::sync::Mutex<String> = std::sync::Mutex::new(String::new());

#[cfg(target_os = "linux")]
struct Log;

#[cfg(target_os = "linux")]
impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.lock().unwrap().push_str(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The back-offs that the warnings about refused threads name.
#[cfg(target_os = "linux")]
fn back_offs() -> Vec<String> {
    let log = LOG.lock().unwrap();
    let warnings = log.lines().filter(|line| line.contains("the system gives no further thread"));
    warnings
        .map(|line| {
            let (_, rest) = line.split_once("again_in=").expect("a warning names its back-off");
            rest.split_whitespace().next().unwrap_or_default().to_owned()
        })
        .collect()
}

/// The stacks are so large that a limit on the address space refuses threads, and nothing else of
/// the process.
#[cfg(target_os = "linux")]
#[test]
fn a_thread_that_the_system_refuses_costs_growth_and_no_job_until_growth_is_possible_again() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    const CHILD: &str = "UNBLOCK_TEST_THREADS_REFUSED";
    const STACK: usize = 256 << 20;
    if std::env::var_os(CHILD).is_none() {
        let name = "a_thread_that_the_system_refuses_costs_growth_and_no_job_until_growth_is_possible_again";
        return crate::support::in_child(&format!("sizing::{name}"), CHILD);
    }
    tracing_subscriber::fmt().with_ansi(false).with_writer(|| Log).init();
    let builder =
        Pool::builder().parallelism(2).max_threads(8).queue_capacity(100).stack_size(STACK);
    let pool = builder.keep_alive(Duration::MAX).build().unwrap();
    let mut held: Vec<Held> = (0..2).map(|_| hold(&pool)).collect();
    // The pool may have grown by one that it turned out not to need.
    while pool.stats().threads > held.len() {
        held.push(hold(&pool));
    }
    let threads = held.len();

    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = pages.split_whitespace().next().unwrap().parse().unwrap();
    let before = getrlimit(Resource::As);
    let limit = pages * 4096 + (STACK / 2) as u64;
    setrlimit(Resource::As, Rlimit { current: Some(limit), maximum: before.maximum }).unwrap();

    // One warning for each back-off, and these double.
    let jobs: Vec<_> = (0..50).map(|number| pool.submit(move || number)).collect();
    eventually("the system refuses threads", || back_offs().len() >= 4);
    assert_eq!(back_offs()[..4], ["10ms", "20ms", "40ms", "80ms"]);
    assert_eq!((pool.stats().threads, pool.stats().queued), (threads, 50));
    // The queue moves on what there is.
    held.remove(0).release();
    let values: Vec<_> = jobs.into_iter().map(|job| block_on(job).unwrap()).collect();
    assert_eq!(values, (0..50).collect::<Vec<_>>());
    assert_eq!(pool.stats().threads, threads);

    setrlimit(Resource::As, before).unwrap();
    let more = (held.len()..8).map(|_| hold(&pool));
    held.extend(more);
    assert_eq!(pool.stats().threads, 8);
    held.into_iter().for_each(Held::release);
}
