//! Every job has exactly one outcome, and everything that it owned is dropped exactly once.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use proptest::prelude::*;
use unblock_runtime::__private::{Call, Handler, Outcome};
use unblock_runtime::{Pool, Shutdown, Submission};

use crate::support::{Gate, Guard, Ledger, assert_conserved, block_on, eventually, poll_once};

#[derive(Debug, Clone, Copy)]
enum Work {
    Value,
    Panic,
    /// Waits at one of the gates.
    Gated(usize),
    /// Waits for a job of its own pool.
    Nested,
}

#[derive(Debug, Clone, Copy)]
enum Timeout {
    None,
    Passed,
    Soon,
    Far,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Submit(Work),
    TrySubmit(Work),
    /// As an annotated function submits.
    Call {
        work: Work,
        timeout: Timeout,
        detach: bool,
    },
    Poll(usize),
    Drop(usize),
    Cancel(usize),
    Detach(usize),
    Open(usize),
    Shutdown {
        patient: bool,
    },
    PollShutdown,
}

const GATES: usize = 4;

fn work() -> impl Strategy<Value = Work> {
    prop_oneof![
        4 => Just(Work::Value),
        2 => Just(Work::Panic),
        4 => (0..GATES).prop_map(Work::Gated),
        1 => Just(Work::Nested),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let timeout = prop_oneof![
        Just(Timeout::None),
        Just(Timeout::Passed),
        Just(Timeout::Soon),
        Just(Timeout::Far)
    ];
    prop_oneof![
        8 => work().prop_map(Step::Submit),
        4 => work().prop_map(Step::TrySubmit),
        4 => (work(), timeout, any::<bool>())
            .prop_map(|(work, timeout, detach)| Step::Call { work, timeout, detach }),
        8 => any::<usize>().prop_map(Step::Poll),
        4 => any::<usize>().prop_map(Step::Drop),
        3 => any::<usize>().prop_map(Step::Cancel),
        2 => any::<usize>().prop_map(Step::Detach),
        2 => (0..GATES).prop_map(Step::Open),
        1 => any::<bool>().prop_map(|patient| Step::Shutdown { patient }),
        1 => Just(Step::PollShutdown),
    ]
}

type Calling = Pin<Box<dyn Future<Output = Outcome<Guard>>>>;

enum Caller {
    Submission(Submission<Guard>),
    Call(Calling),
}

/// A pool, those who wait for its jobs, and the books on what the jobs own.
struct World {
    pool: Pool,
    gates: Vec<Gate>,
    captured: Ledger,
    values: Ledger,
    callers: Vec<Caller>,
    shutdown: Option<Pin<Box<dyn Future<Output = Shutdown>>>>,
}

impl World {
    fn new(parallelism: usize, max_threads: usize, capacity: usize) -> Self {
        let builder = Pool::builder()
            .parallelism(parallelism)
            .max_threads(max_threads)
            .queue_capacity(capacity);
        Self {
            pool: builder.keep_alive(Duration::ZERO).build().unwrap(),
            gates: (0..GATES).map(|_| Gate::new()).collect(),
            captured: Ledger::default(),
            values: Ledger::default(),
            callers: Vec::new(),
            shutdown: None,
        }
    }

    fn work(&self, work: Work) -> impl FnOnce() -> Guard + Send + 'static {
        let (captured, values) = (self.captured.guard(), self.values.clone());
        let (gates, pool) =
            (self.gates.clone(), matches!(work, Work::Nested).then(|| self.pool.clone()));
        move || {
            let _captured = captured;
            match work {
                Work::Value => {}
                Work::Panic => panic!("as a job may"),
                Work::Gated(gate) => gates[gate].wait(),
                // Nobody waits for it: a job that did might wait for ever, with all threads at
                // gates.
                Work::Nested => pool.iter().for_each(|pool| pool.submit(|| ()).detach()),
            }
            values.guard()
        }
    }

    fn call(&self, work: Work, timeout: Timeout, detach: bool) -> Calling {
        static HANDLER: Handler = Handler::named("a call");
        let (pool, body) = (self.pool.clone(), self.work(work));
        Box::pin(async move {
            let mut call = Call::new(&HANDLER).pool(pool.clone());
            call = match timeout {
                Timeout::None => call,
                Timeout::Passed => call.timeout(Duration::ZERO),
                Timeout::Soon => call.timeout(Duration::from_micros(200)),
                Timeout::Far => call.timeout(Duration::from_hours(1)),
            };
            if detach { call.detach().run(body).await } else { call.run(body).await }
        })
    }

    fn take(&mut self, at: usize) -> Option<Caller> {
        (!self.callers.is_empty()).then(|| self.callers.swap_remove(at % self.callers.len()))
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Submit(work) => {
                self.callers.push(Caller::Submission(self.pool.submit(self.work(work))));
            }
            Step::TrySubmit(work) => match self.pool.try_submit(self.work(work)) {
                Ok(submission) => self.callers.push(Caller::Submission(submission)),
                Err(refused) => drop(refused),
            },
            Step::Call { work, timeout, detach } => {
                self.callers.push(Caller::Call(self.call(work, timeout, detach)));
            }
            Step::Poll(at) => {
                let Some(mut caller) = self.take(at) else { return };
                let is_pending = match &mut caller {
                    Caller::Submission(submission) => poll_once(submission).is_pending(),
                    Caller::Call(call) => poll_once(call).is_pending(),
                };
                if is_pending {
                    self.callers.push(caller);
                }
            }
            Step::Drop(at) => drop(self.take(at)),
            Step::Cancel(at) => match self.take(at) {
                Some(Caller::Submission(submission)) => {
                    submission.cancel();
                    self.callers.push(Caller::Submission(submission));
                }
                other => self.callers.extend(other),
            },
            Step::Detach(at) => match self.take(at) {
                Some(Caller::Submission(submission)) => submission.detach(),
                other => self.callers.extend(other),
            },
            Step::Open(gate) => self.gates[gate].open(),
            Step::Shutdown { patient } => {
                let grace = if patient { Duration::MAX } else { Duration::ZERO };
                self.shutdown = Some(Box::pin(self.pool.shutdown(grace)));
            }
            Step::PollShutdown => {
                if let Some(shutdown) = &mut self.shutdown
                    && let Poll::Ready(_) = poll_once(shutdown)
                {
                    self.shutdown = None;
                }
            }
        }
    }

    /// Lets everything come to its end, and looks at the books.
    fn settle(mut self) {
        self.gates.iter().for_each(Gate::open);
        for caller in std::mem::take(&mut self.callers) {
            match caller {
                Caller::Submission(submission) => drop(block_on(submission)),
                Caller::Call(call) => drop(block_on(call)),
            }
        }
        // What was detached and what runs for nobody is waited for here.
        let report = block_on(self.pool.shutdown(Duration::MAX));
        assert!(report.is_complete(), "{report:?}");
        let stats = self.pool.stats();
        assert_conserved(&stats);
        assert_eq!(
            (stats.queued, stats.running, stats.waiting, stats.abandoned),
            (0, 0, 0, 0),
            "{stats:?}"
        );
        // A worker counts a job before it drops what nobody took of it.
        for ledger in [&self.captured, &self.values] {
            eventually("everything is dropped", || ledger.dropped() >= ledger.made());
            assert_eq!(ledger.dropped(), ledger.made());
        }
        eventually("all threads go home", || self.pool.stats().threads == 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_every_job_has_one_outcome_and_everything_is_dropped_once(
        parallelism in 1..3_usize,
        more_threads in 0..3_usize,
        capacity in 1..4_usize,
        steps in prop::collection::vec(step(), 1..80),
    ) {
        let mut world = World::new(parallelism, parallelism + more_threads, capacity);
        for step in steps {
            world.step(step);
            assert_conserved(&world.pool.stats());
        }
        world.settle();
    }
}

/// Somebody who answers after a job has gone to sleep over its question.
fn answerer() -> mpsc::Sender<mpsc::Sender<()>> {
    let (ask, asked) = mpsc::channel::<mpsc::Sender<()>>();
    thread::spawn(move || {
        for question in asked {
            thread::yield_now();
            let _ = question.send(());
        }
    });
    ask
}

/// Tells a thread to end, also when the test fails.
struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_stampede_of_submissions_while_threads_come_and_go_is_conserved() {
    const SUBMITTERS: u64 = 8;
    const EACH: u64 = 1_250;
    let builder = Pool::builder().parallelism(2).max_threads(12).queue_capacity(16);
    let pool = builder.keep_alive(Duration::from_micros(100)).build().unwrap();
    let (captured, values) = (Ledger::default(), Ledger::default());
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut last = pool.stats();
            while !over.load(Ordering::Relaxed) {
                let stats = pool.stats();
                assert_conserved(&stats);
                assert!(stats.threads <= 12, "{stats:?}");
                assert!(stats.submitted >= last.submitted && stats.completed >= last.completed);
                last = stats;
            }
        });
        let _over = SetOnDrop(&over);
        let submitters: Vec<_> = (0..SUBMITTERS)
            .map(|submitter| {
                let (pool, captured, values) = (pool.clone(), captured.clone(), values.clone());
                scope.spawn(move || {
                    let ask = answerer();
                    for number in 0..EACH {
                        let (guard, values, ask) = (captured.guard(), values.clone(), ask.clone());
                        let kind = number * SUBMITTERS + submitter;
                        let work = move || {
                            let _guard = guard;
                            if kind % 16 == 3 {
                                let (answer, answered) = mpsc::channel();
                                ask.send(answer).unwrap();
                                answered.recv().unwrap();
                            }
                            assert_ne!(kind % 97, 5, "as a job may");
                            values.guard()
                        };
                        match kind % 11 {
                            0 => drop(pool.submit(work)),
                            1 => pool.submit(work).detach(),
                            2 => drop(pool.try_submit(work)),
                            3 => {
                                let mut submission = pool.submit(work);
                                if poll_once(&mut submission).is_pending() {
                                    submission.cancel();
                                    drop(block_on(submission));
                                }
                            }
                            _ => drop(block_on(pool.submit(work))),
                        }
                    }
                })
            })
            .collect();
        for submitter in submitters {
            submitter.join().unwrap();
        }
    });
    assert!(block_on(pool.shutdown(Duration::MAX)).is_complete());
    let stats = pool.stats();
    assert_conserved(&stats);
    assert_eq!(stats.submitted, SUBMITTERS * EACH);
    assert_eq!((stats.queued, stats.running, stats.waiting), (0, 0, 0));
    for ledger in [&captured, &values] {
        eventually("everything is dropped", || ledger.dropped() >= ledger.made());
        assert_eq!(ledger.dropped(), ledger.made());
    }
    assert_eq!(captured.made(), usize::try_from(SUBMITTERS * EACH).unwrap());
    eventually("all threads go home", || pool.stats().threads == 0);
}
