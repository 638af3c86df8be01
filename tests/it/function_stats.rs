//! What a pool tells of each function, of its workers, and of all pools.

use std::time::Duration;

use unblock_runtime::stats::{Activity, FunctionStats, WorkerStats};
use unblock_runtime::{Error, Pool, unblock};

use crate::support::{Gate, block_on, eventually, hold, poll_once, single};

fn function(pool: &Pool, name: &str) -> FunctionStats {
    let functions = pool.functions();
    let found = functions.iter().find(|function| function.name == name);
    found.cloned().unwrap_or_else(|| panic!("no `{name}` in {functions:?}"))
}

#[test]
fn each_function_has_counts_and_times_of_its_own() {
    let pool = single(8);
    pool.job("value").submit(|| ()).wait().unwrap();
    pool.job("value").submit(|| ()).wait().unwrap();
    pool.job("panic").submit(|| panic!("expected")).wait().unwrap_err();
    pool.submit(|| ()).wait().unwrap();
    let value = function(&pool, "value");
    assert_eq!((value.submitted, value.completed, value.panicked), (2, 2, 0));
    assert_eq!((value.wait.count(), value.run.count()), (2, 2));
    assert!(value.run.quantile(0.5) <= value.run.max());
    let panic = function(&pool, "panic");
    assert_eq!((panic.submitted, panic.completed, panic.panicked), (1, 0, 1));
    assert_eq!(panic.run.count(), 1);
    let here = "it::function_stats::each_function_has_counts_and_times_of_its_own";
    assert_eq!(function(&pool, here).completed, 1);
}

#[test]
fn an_annotated_function_has_one_name_whatever_its_types_are() {
    #[unblock(pool = pool)]
    fn shown<T: std::fmt::Debug + Send + 'static>(value: T, pool: &Pool) -> String {
        let _ = pool;
        format!("{value:?}")
    }
    let pool = single(8);
    assert_eq!(block_on(shown(1, &pool)), "1");
    assert_eq!(block_on(shown("a", &pool)), "\"a\"");
    let functions = pool.functions();
    assert_eq!(functions.len(), 1, "{functions:?}");
    assert!(functions[0].name.ends_with("::shown"), "{functions:?}");
    assert_eq!(functions[0].completed, 2);
}

#[test]
fn the_sums_over_functions_are_those_of_the_pool() {
    let pool = single(2);
    let held = hold(&pool);
    let queued = pool.job("queued").submit(|| ());
    drop(pool.job("cancelled").submit(|| ()));
    let late = pool.job("late").timeout(Duration::ZERO).submit(|| ());
    assert!(matches!(late.wait(), Err(Error::TimedOut)));
    let full = pool.job("full");
    let _fills = full.submit(|| ());
    let refused = std::iter::repeat_with(|| full.try_submit(|| ())).find(Result::is_err);
    assert!(refused.is_some());
    let (stats, functions) = (pool.stats(), pool.functions());
    let sum = |of: fn(&FunctionStats) -> u64| functions.iter().map(of).sum::<u64>();
    assert_eq!(sum(|function| function.submitted), stats.submitted);
    assert_eq!(sum(|function| function.cancelled), stats.cancelled);
    assert_eq!(sum(|function| function.timed_out), stats.timed_out);
    assert_eq!(sum(|function| function.rejected), stats.rejected);
    assert_eq!(sum(|function| function.queued), stats.queued);
    assert_eq!(sum(|function| function.running), 1);
    let late = function(&pool, "late");
    assert_eq!((late.timed_out, late.wait.count(), late.run.count()), (1, 1, 0));
    held.release();
    queued.wait().unwrap();
}

#[test]
fn a_worker_shows_the_job_that_it_runs_and_for_how_long() {
    let pool = single(8);
    let idle = |worker: &WorkerStats| worker.activity == Activity::Idle && worker.job.is_none();
    eventually("the worker has nothing to do", || pool.workers().iter().all(idle));
    let gate = Gate::new();
    let waits = pool.job("waits").submit({
        let gate = gate.clone();
        move || gate.wait()
    });
    let is_told = cfg!(all(target_os = "linux", not(unblock_by_time)));
    let asleep = |worker: &WorkerStats| worker.activity == Activity::Asleep || !is_told;
    eventually("the worker is seen asleep in the job", || {
        let workers = pool.workers();
        let job = workers[0].job.as_ref();
        job.is_some_and(|job| job.name == "waits" && !job.abandoned) && asleep(&workers[0])
    });
    let first = pool.workers()[0].job.clone().unwrap().running_for;
    let then = pool.workers()[0].job.clone().unwrap().running_for;
    assert!(first <= then);
    assert_eq!(pool.workers()[0].thread, format!("{}-0", pool.stats().name));
    gate.open();
    waits.wait().unwrap();
    eventually("the worker has nothing to do again", || pool.workers().iter().all(idle));
}

#[test]
fn a_job_that_runs_after_its_deadline_is_seen_as_abandoned() {
    let pool = single(8);
    let gate = Gate::new();
    let (begun, begins) = std::sync::mpsc::channel();
    let job = pool.job("late").timeout(Duration::from_millis(1));
    // The job may be late before it begins.
    let late = loop {
        let (gate, begun) = (gate.clone(), begun.clone());
        let late = job.submit(move || {
            begun.send(()).unwrap();
            gate.wait();
        });
        if begins.recv_timeout(Duration::from_millis(50)).is_ok() {
            break late;
        }
    };
    assert!(matches!(late.wait(), Err(Error::TimedOut)));
    eventually("the worker runs it for nobody", || {
        pool.workers()[0].job.as_ref().is_some_and(|job| job.abandoned)
    });
    assert_eq!(function(&pool, "late").abandoned, 1);
    gate.open();
    eventually("the job has ended", || function(&pool, "late").abandoned == 0);
}

#[test]
fn all_pools_are_found_while_they_have_handles_and_are_not_kept() {
    let name = "found by its name";
    let named = |pool: &Pool| pool.stats().name == name;
    let pool = Pool::builder().name(name).parallelism(1).max_threads(1).build().unwrap();
    let mut waits = pool.submit(|| ());
    let _ = poll_once(&mut waits);
    let found = Pool::all().into_iter().find(named).expect("the pool");
    drop(pool);
    // The one that was found is a handle like any other.
    found.submit(|| ()).wait().unwrap();
    drop(found);
    assert!(!Pool::all().iter().any(named));
}

#[test]
fn more_functions_than_are_told_apart_are_counted_together() {
    let pool = single(8);
    let names: Vec<&'static str> = (0..1500)
        .map(|number| &*Box::leak(format!("function {number}").into_boxed_str()))
        .collect();
    for name in &names {
        pool.job(name).submit(|| ()).wait().unwrap();
    }
    let functions = pool.functions();
    let further = function(&pool, "(further functions)");
    assert!(functions.len() > 512 && further.completed >= 476, "{}", functions.len());
    let completed: u64 = functions.iter().map(|function| function.completed).sum();
    assert_eq!((completed, pool.stats().completed), (1500, 1500));
}
