//! Model-checked hand-overs of tokens: no wake-up is lost between a submitter, workers and the monitor.
//!
//! Each model ends when all jobs are done; a lost wake-up leaves a worker parked with work in the queue, which the
//! model checker reports as a deadlock.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use loom::sync::Condvar;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use super::{Errand, Seat, Sizing, Wait, active, searching};
use crate::sync::Mutex;

/// A pool reduced to its sizing.
struct Model {
    sizing: Sizing,
    queue: Mutex<VecDeque<Job>>,
    sleepers: Mutex<VecDeque<Job>>,
    meeting: Meeting,
    done: AtomicUsize,
    jobs: usize,
    /// Workers that the monitor has started.
    hired: Mutex<Vec<thread::JoinHandle<()>>>,
}

enum Job {
    /// Ends at once.
    Short,
    /// Ends when so many jobs of this kind have begun.
    Meet(usize),
}

/// Where jobs wait for each other.
struct Meeting {
    arrived: loom::sync::Mutex<usize>,
    changed: Condvar,
}

impl Meeting {
    fn wait_for(&self, others: usize) {
        let mut arrived = self.arrived.lock().unwrap();
        *arrived += 1;
        self.changed.notify_all();
        while *arrived < others {
            arrived = self.changed.wait(arrived).unwrap();
        }
    }
}

impl Model {
    fn new(parallelism: u32, threads: usize, jobs: usize) -> Arc<Self> {
        Arc::new(Self {
            sizing: Sizing::new(parallelism, threads, Duration::MAX),
            queue: Mutex::new(VecDeque::new()),
            sleepers: Mutex::new(VecDeque::new()),
            meeting: Meeting { arrived: loom::sync::Mutex::new(0), changed: Condvar::new() },
            done: AtomicUsize::new(0),
            jobs,
            hired: Mutex::new(Vec::new()),
        })
    }

    fn has_work(&self) -> bool {
        !self.queue.lock().is_empty() || self.has_sleepers()
    }

    fn has_sleepers(&self) -> bool {
        !self.sleepers.lock().is_empty()
    }

    fn submit(&self, job: Job) {
        self.queue.lock().push_back(job);
        self.sizing.notify();
    }

    fn submit_sleeper(&self, job: Job) {
        self.sleepers.lock().push_back(job);
        self.sizing.notify();
    }

    /// The worker's loop as `worker.rs` has it, without the spinning.
    fn work(&self, seat: &Arc<Seat>) {
        let mut searching = seat.occupy() == Some(Errand::Any);
        loop {
            let has_token = seat.has_token();
            let sleeper = self.sleepers.lock().pop_front();
            let naps = sleeper.is_some();
            let job =
                sleeper.or_else(|| if has_token { self.queue.lock().pop_front() } else { None });
            if let Some(job) = job {
                if std::mem::take(&mut searching) {
                    self.sizing.found(|| self.has_work());
                }
                let naps = naps && self.sizing.nap(seat, || self.has_work());
                if let Job::Meet(others) = job {
                    self.meeting.wait_for(others);
                }
                if naps {
                    self.sizing.end_nap();
                }
                if self.done.fetch_add(1, Ordering::SeqCst) + 1 == self.jobs {
                    self.sizing.dismiss();
                }
                if self.sizing.may_go_on(seat, || self.has_sleepers()) {
                    continue;
                }
            } else if has_token && !searching {
                self.sizing.search();
                searching = true;
                continue;
            }
            match self.sizing.sit(seat, searching, || self.has_work()) {
                Wait::Called(errand) => searching = errand == Errand::Any,
                Wait::Leave => return,
            }
        }
    }

    /// Starts so many workers, each with a token at first, as the pool does and the monitor.
    fn start(self: &Arc<Self>, workers: usize) -> Vec<thread::JoinHandle<()>> {
        // All are hired before the first runs: the last job done, nobody is hired any more.
        let seats: Vec<_> =
            (0..workers).map(|_| self.sizing.hire(Errand::Any).expect("there is room")).collect();
        let start = |seat| {
            let model = Arc::clone(self);
            thread::spawn(move || model.work(&seat))
        };
        seats.into_iter().map(start).collect()
    }

    /// The monitor's loop as `monitor.rs` has it, without the clock, for workers that are all found
    /// alike.
    fn watch(self: &Arc<Self>, asleep: Option<bool>) {
        self.sizing.watch();
        while !self.sizing.is_dismissed() {
            if !self.sizing.is_armed() {
                crate::sync::thread::park();
                continue;
            }
            if self.has_work() {
                let survey = self.sizing.survey(|_| asleep);
                let (jobs, sleepers) = (self.queue.lock().len(), self.sleepers.lock().len());
                let searching = self.sizing.searching();
                let missing = self.sizing.send(sleepers.saturating_sub(searching + survey.sent));
                self.hire(Errand::Sleeper, missing);
                let missing =
                    self.sizing.call(self.sizing.parallelism(), jobs.saturating_sub(searching));
                self.hire(Errand::Any, missing);
                thread::yield_now();
            }
            self.sizing.disarm(|| self.has_work());
        }
    }

    /// Starts so many workers, if there may be more.
    fn hire(self: &Arc<Self>, errand: Errand, workers: usize) {
        for seat in (0..workers).map_while(|_| self.sizing.hire(errand)) {
            let model = Arc::clone(self);
            let worker = thread::spawn(move || model.work(&seat));
            self.hired.lock().push(worker);
        }
    }

    fn check_end(&self, workers: Vec<thread::JoinHandle<()>>) {
        let hired = std::mem::take(&mut *self.hired.lock());
        for worker in workers.into_iter().chain(hired) {
            worker.join().unwrap();
        }
        assert_eq!(self.done.load(Ordering::SeqCst), self.jobs);
        let counts = self.sizing.counts.load(Ordering::SeqCst);
        assert_eq!((active(counts), searching(counts)), (0, 0), "tokens that nobody holds");
    }
}

fn model(f: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    // Two preemptions find nearly all races of this kind in minutes instead of days (Musuvathi and Qadeer, 2007).
    builder.preemption_bound = Some(builder.preemption_bound.unwrap_or(2));
    builder.max_branches = 20_000;
    builder.check(f);
}

#[test]
fn a_worker_that_sits_down_finds_what_is_submitted() {
    model(|| {
        let model = Model::new(1, 1, 2);
        let workers = model.start(1);
        model.submit(Job::Short);
        model.submit(Job::Short);
        model.check_end(workers);
    });
}

#[test]
fn two_workers_and_two_jobs_lose_no_wake_up() {
    model(|| {
        let model = Model::new(2, 2, 2);
        let workers = model.start(2);
        model.submit(Job::Short);
        model.submit(Job::Short);
        model.check_end(workers);
    });
}

/// The monitor takes the token of a worker in its job, gives it to another for the job that waits, and gives the first
/// its token back when it runs again. The worker may end its job at any point of that.
#[test]
fn stepping_aside_and_coming_back_lose_no_wake_up() {
    model(|| {
        let model = Model::new(1, 2, 2);
        model.queue.lock().extend([Job::Short, Job::Short]);
        let workers = model.start(2);
        for asleep in [true, false] {
            model.sizing.survey(|_| Some(asleep));
            let work = model.queue.lock().len();
            model.sizing.call(1, work);
        }
        // The real monitor looks again as long as work waits; this one ends, so it leaves a last word to a submitter.
        model.sizing.notify();
        while model.has_work() {
            model.sizing.survey(|_| Some(false));
            model.sizing.call(1, 1);
            thread::yield_now();
        }
        model.check_end(workers);
    });
}

#[test]
fn the_monitor_is_armed_or_somebody_looks() {
    model(|| {
        let model = Model::new(1, 1, 1);
        let workers = model.start(1);
        model.sizing.armed.store(true, Ordering::SeqCst);
        let submitter = thread::spawn({
            let model = Arc::clone(&model);
            move || model.submit(Job::Short)
        });
        model.sizing.disarm(|| model.has_work());
        submitter.join().unwrap();
        model.check_end(workers);
    });
}

#[test]
fn the_last_to_find_work_wakes_another_for_the_rest() {
    model(|| {
        let model = Model::new(2, 2, 2);
        let workers = model.start(2);
        model.submit(Job::Meet(2));
        model.submit(Job::Meet(2));
        model.check_end(workers);
    });
}

#[test]
fn a_job_that_waits_for_one_behind_it_is_rescued_by_the_monitor() {
    model(|| {
        let model = Model::new(1, 2, 2);
        let monitor = thread::spawn({
            let model = Arc::clone(&model);
            move || model.watch(Some(true))
        });
        let workers = model.start(2);
        model.submit(Job::Meet(2));
        model.submit(Job::Meet(2));
        monitor.join().unwrap();
        model.check_end(workers);
    });
}

#[test]
fn what_sleeps_gets_a_worker_while_all_tokens_are_out() {
    model(|| {
        let model = Model::new(1, 2, 2);
        let monitor = thread::spawn({
            let model = Arc::clone(&model);
            move || model.watch(None)
        });
        let workers = model.start(2);
        model.submit(Job::Meet(2));
        model.submit_sleeper(Job::Meet(2));
        monitor.join().unwrap();
        model.check_end(workers);
    });
}

/// One of the two may step aside after the short job, because there is one token; the other gives his away.
#[test]
fn a_token_that_is_given_away_is_not_lost() {
    model(|| {
        let model = Model::new(1, 2, 3);
        model.sleepers.lock().push_back(Job::Meet(2));
        model.queue.lock().extend([Job::Short, Job::Meet(2)]);
        let workers = model.start(2);
        model.check_end(workers);
    });
}

/// Whoever submits finds a token, because the worker naps, and nobody on the bench to give it to.
#[test]
fn a_job_for_which_nobody_is_there_gets_a_thread_from_the_monitor() {
    model(|| {
        let model = Model::new(1, 2, 2);
        let monitor = thread::spawn({
            let model = Arc::clone(&model);
            move || model.watch(None)
        });
        let workers = model.start(1);
        model.submit_sleeper(Job::Meet(2));
        model.submit(Job::Meet(2));
        monitor.join().unwrap();
        model.check_end(workers);
    });
}
