//! Model-checked protocol of permits: no wake-up is lost between a submitter, workers and the
//! monitor.
//!
//! Each model ends when all jobs are done. A lost wake-up leaves a worker parked with work in the
//! queue, which the model checker reports as a deadlock.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use loom::sync::Condvar;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use super::os_thread::ThreadState;
use super::permits::Counts;
use super::{Unparked, WakeFor, WorkerSlot, Workers};
use crate::pool::PoolSize;
use crate::sync::Mutex;

/// A pool reduced to its workers.
struct Model {
    workers: Workers,
    queue: Mutex<VecDeque<Job>>,
    blocking: Mutex<VecDeque<Job>>,
    meeting: Meeting,
    done: AtomicUsize,
    jobs: usize,
    /// The threads of workers that the monitor has started.
    spawned: Mutex<Vec<thread::JoinHandle<()>>>,
}

enum Job {
    /// Ends at once.
    Short,
    /// Ends when this number of such jobs have begun.
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
            workers: Workers::new(PoolSize { parallelism, max_threads: threads }, Duration::MAX),
            queue: Mutex::new(VecDeque::new()),
            blocking: Mutex::new(VecDeque::new()),
            meeting: Meeting { arrived: loom::sync::Mutex::new(0), changed: Condvar::new() },
            done: AtomicUsize::new(0),
            jobs,
            spawned: Mutex::new(Vec::new()),
        })
    }

    fn has_work(&self) -> bool {
        !self.queue.lock().is_empty() || self.has_blocking()
    }

    fn has_blocking(&self) -> bool {
        !self.blocking.lock().is_empty()
    }

    fn submit(&self, job: Job) {
        self.queue.lock().push_back(job);
        self.workers.notify();
    }

    fn submit_blocking(&self, job: Job) {
        self.blocking.lock().push_back(job);
        self.workers.notify();
    }

    /// Takes a blocking job, for which the worker is counted before.
    fn next_blocking(&self) -> Option<Job> {
        if !self.has_blocking() || !self.workers.try_count_blocking() {
            return None;
        }
        let job = self.blocking.lock().pop_front();
        if job.is_none() {
            self.workers.leave_blocking();
        }
        job
    }

    fn next_computing(&self) -> Option<Job> {
        self.queue.lock().pop_front()
    }

    /// Runs the loop of `worker.rs`, without the polling.
    fn work(&self, slot: &Arc<WorkerSlot>) {
        let mut searching = slot.occupy() == Some(WakeFor::AnyJob);
        loop {
            let counted = Counts::of_searcher(searching);
            if self.workers.retire_surplus(slot, counted, || self.has_work()) {
                return;
            }
            let has_permit = slot.has_permit();
            let blocking = self.next_blocking();
            let mut blocks = blocking.is_some();
            let job = blocking.or_else(|| if has_permit { self.next_computing() } else { None });
            let job = job.or_else(|| {
                let blocking = if has_permit { self.blocking.lock().pop_front() } else { None };
                blocks = blocking.is_some() && self.workers.try_count_blocking();
                blocking
            });
            if let Some(job) = job {
                if std::mem::take(&mut searching) {
                    self.workers.end_search(|| self.has_work());
                }
                if blocks {
                    self.workers.lend_permit(slot, || self.has_work());
                }
                if let Job::Meet(others) = job {
                    self.meeting.wait_for(others);
                }
                if blocks {
                    self.workers.leave_blocking();
                }
                if self.done.fetch_add(1, Ordering::SeqCst) + 1 == self.jobs {
                    self.workers.dismiss();
                }
                if self.workers.may_continue(slot, || self.has_blocking()) {
                    continue;
                }
            } else if has_permit && !searching {
                self.workers.begin_search();
                searching = true;
                continue;
            }
            let counted = Counts::of_searcher(searching);
            match self.workers.park(slot, counted, || self.has_work()) {
                Unparked::Woken(wake_for) => searching = wake_for == WakeFor::AnyJob,
                Unparked::Leave => return,
            }
        }
    }

    /// Starts this number of workers, each with a permit at first, as a pool does.
    fn start(self: &Arc<Self>, workers: usize) -> Vec<thread::JoinHandle<()>> {
        // All are registered before the first runs, because none is registered after the last job.
        let slots: Vec<_> = (0..workers)
            .map(|_| self.workers.register(WakeFor::AnyJob).expect("there is room"))
            .collect();
        let start = |slot| {
            let model = Arc::clone(self);
            thread::spawn(move || model.work(&slot))
        };
        slots.into_iter().map(start).collect()
    }

    /// Runs the loop of `monitor`, without the clock, for workers that are all found in one state.
    fn watch(self: &Arc<Self>, state: Option<ThreadState>) {
        self.workers.trigger.set_monitor();
        while !self.workers.is_dismissed() {
            if !self.workers.trigger.is_armed() {
                crate::sync::thread::park();
                continue;
            }
            if self.has_work() {
                let sample = self.workers.sample(|_| state);
                let (jobs, blocking) = (self.queue.lock().len(), self.blocking.lock().len());
                let searching = self.workers.searching();
                let on_their_way = searching + sample.waking_to_block;
                let missing = self.workers.wake_for_blocking(blocking.saturating_sub(on_their_way));
                self.spawn(WakeFor::BlockingJob, missing);
                let computing = jobs.saturating_sub(searching);
                let missing = self.workers.wake_for_permit(self.workers.parallelism(), computing);
                self.spawn(WakeFor::AnyJob, missing);
                thread::yield_now();
            }
            self.workers.trigger.disarm(|| self.has_work());
        }
    }

    /// Starts this number of workers, if there may be more.
    fn spawn(self: &Arc<Self>, wake_for: WakeFor, workers: usize) {
        for slot in (0..workers).map_while(|_| self.workers.register(wake_for)) {
            let model = Arc::clone(self);
            let worker = thread::spawn(move || model.work(&slot));
            self.spawned.lock().push(worker);
        }
    }

    fn check_end(&self, workers: Vec<thread::JoinHandle<()>>) {
        let spawned = std::mem::take(&mut *self.spawned.lock());
        for worker in workers.into_iter().chain(spawned) {
            worker.join().unwrap();
        }
        assert_eq!(self.done.load(Ordering::SeqCst), self.jobs);
        let counts = self.workers.permits.counts();
        assert_eq!(counts, Counts::NONE, "permits that no worker holds");
    }
}

fn model(f: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    // Two preemptions find nearly all races of this kind in minutes instead of days (Musuvathi and
    // Qadeer, 2007).
    builder.preemption_bound = Some(builder.preemption_bound.unwrap_or(2));
    builder.max_branches = 20_000;
    builder.check(f);
}

#[test]
fn a_worker_that_parks_finds_a_job_that_is_submitted() {
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

/// The monitor takes the permit of a worker in its job, gives it to another worker for the job that
/// waits, and gives the first one a permit again when it runs. The worker may end its job at any
/// point of that.
#[test]
fn giving_a_permit_back_and_regaining_it_lose_no_wake_up() {
    model(|| {
        let model = Model::new(1, 2, 2);
        model.queue.lock().extend([Job::Short, Job::Short]);
        let workers = model.start(2);
        for state in [ThreadState::Asleep, ThreadState::Awake] {
            model.workers.sample(|_| Some(state));
            let work = model.queue.lock().len();
            model.workers.wake_for_permit(1, work);
        }
        // The real monitor goes on as long as work waits. This one ends, so it notifies once more.
        model.workers.notify();
        while model.has_work() {
            model.workers.sample(|_| Some(ThreadState::Awake));
            model.workers.wake_for_permit(1, 1);
            thread::yield_now();
        }
        model.check_end(workers);
    });
}

#[test]
fn the_monitor_is_armed_or_a_worker_searches() {
    model(|| {
        let model = Model::new(1, 1, 1);
        let workers = model.start(1);
        model.workers.trigger.arm();
        let submitter = thread::spawn({
            let model = Arc::clone(&model);
            move || model.submit(Job::Short)
        });
        model.workers.trigger.disarm(|| model.has_work());
        submitter.join().unwrap();
        model.check_end(workers);
    });
}

#[test]
fn the_last_searcher_wakes_another_worker_for_the_rest() {
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
            move || model.watch(Some(ThreadState::Asleep))
        });
        let workers = model.start(2);
        model.submit(Job::Meet(2));
        model.submit(Job::Meet(2));
        monitor.join().unwrap();
        model.check_end(workers);
    });
}

#[test]
fn a_blocking_job_gets_a_worker_while_all_permits_are_out() {
    model(|| {
        let model = Model::new(1, 2, 2);
        let monitor = thread::spawn({
            let model = Arc::clone(&model);
            move || model.watch(None)
        });
        let workers = model.start(2);
        model.submit(Job::Meet(2));
        model.submit_blocking(Job::Meet(2));
        monitor.join().unwrap();
        model.check_end(workers);
    });
}

/// One of the two workers may park after the short job, because there is one permit. The other
/// gives its permit away.
#[test]
fn a_permit_that_is_given_away_is_not_lost() {
    model(|| {
        let model = Model::new(1, 2, 3);
        model.blocking.lock().push_back(Job::Meet(2));
        model.queue.lock().extend([Job::Short, Job::Meet(2)]);
        let workers = model.start(2);
        model.check_end(workers);
    });
}

/// The submitter finds a permit, because the worker is in a blocking job, and no idle worker.
#[test]
fn a_job_for_which_no_worker_is_idle_gets_a_thread_from_the_monitor() {
    model(|| {
        let model = Model::new(1, 2, 2);
        let monitor = thread::spawn({
            let model = Arc::clone(&model);
            move || model.watch(None)
        });
        let workers = model.start(1);
        model.submit_blocking(Job::Meet(2));
        model.submit(Job::Meet(2));
        monitor.join().unwrap();
        model.check_end(workers);
    });
}

#[test]
fn a_worker_that_is_too_many_leaves_its_job_to_another() {
    model(|| {
        let model = Model::new(2, 2, 1);
        let workers = model.start(2);
        let monitor = thread::spawn({
            let model = Arc::clone(&model);
            move || model.watch(Some(ThreadState::Awake))
        });
        model.submit(Job::Short);
        model.workers.resize(PoolSize { parallelism: 1, max_threads: 1 });
        monitor.join().unwrap();
        model.check_end(workers);
    });
}
