//! `concurrency = …`: few calls of a function run at a time.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use unblock_runtime::{Error, Pool, unblock};

use crate::support::{Gate, block_on, eventually, next, poll_once};

const TWO: u32 = 2;

#[unblock(pool = pool, concurrency = TWO)]
fn two_at_a_time(pool: Pool, number: u32, told: Sender<u32>, gate: Gate) -> Result<u32, Error> {
    told.send(number).unwrap();
    gate.wait();
    Ok(number)
}

fn pool() -> Pool {
    Pool::builder().parallelism(2).max_threads(16).build().unwrap()
}

fn nothing_comes(told: &Receiver<u32>) {
    assert!(told.recv_timeout(Duration::from_millis(50)).is_err());
}

#[test]
fn as_many_calls_run_as_may_and_the_others_wait() {
    let pool = pool();
    let (told, tells) = channel();
    let gates: Vec<_> = (0..5).map(|_| Gate::new()).collect();
    let call = |number: u32| {
        let gate = gates[number as usize].clone();
        let mut call = Box::pin(two_at_a_time(pool.clone(), number, told.clone(), gate));
        assert!(poll_once(&mut call).is_pending());
        call
    };
    let mut calls = vec![call(0), call(1)];
    let mut begun = [next(&tells), next(&tells)];
    begun.sort_unstable();
    assert_eq!(begun, [0, 1]);
    calls.extend((2..5).map(call));
    nothing_comes(&tells);
    assert_eq!((pool.stats().running, pool.stats().queued), (2, 3));
    // Other work is not in their way, nor they in its way.
    assert_eq!(block_on(pool.submit(|| 7)).unwrap(), 7);
    gates[0].open();
    next(&tells);
    nothing_comes(&tells);
    gates.iter().for_each(Gate::open);
    for (number, call) in (0..).zip(calls) {
        assert_eq!(block_on(call).unwrap(), number);
    }
    assert_eq!(pool.stats().queued, 0);
}

#[test]
fn a_call_that_is_dropped_while_it_waits_for_its_turn_never_runs() {
    let pool = pool();
    let (told, tells) = channel();
    let gate = Gate::new();
    let call = |number| {
        let mut call = Box::pin(two_at_a_time(pool.clone(), number, told.clone(), gate.clone()));
        assert!(poll_once(&mut call).is_pending());
        call
    };
    let (first, second) = (call(0), call(1));
    (0..2).for_each(|_| _ = next(&tells));
    let third = call(2);
    let fourth = call(3);
    drop(third);
    assert_eq!((pool.stats().queued, pool.stats().cancelled), (1, 1));
    gate.open();
    assert_eq!(next(&tells), 3);
    for call in [first, second, fourth] {
        block_on(call).unwrap();
    }
}

#[test]
fn a_shutdown_cancels_calls_that_wait_for_their_turn() {
    let pool = pool();
    let (told, tells) = channel();
    let gate = Gate::new();
    let mut calls: Vec<_> = (0..5)
        .map(|number| Box::pin(two_at_a_time(pool.clone(), number, told.clone(), gate.clone())))
        .collect();
    assert!(calls.iter_mut().all(|call| poll_once(call).is_pending()));
    (0..2).for_each(|_| _ = next(&tells));
    let report = pool.shutdown_blocking(Duration::ZERO);
    assert_eq!((report.cancelled, report.running), (3, 2));
    gate.open();
    let outcomes: Vec<_> = calls.into_iter().map(block_on).collect();
    let cancelled = outcomes.iter().filter(|outcome| matches!(outcome, Err(Error::Cancelled)));
    assert_eq!(cancelled.count(), 3);
    eventually("the threads are gone", || pool.stats().threads == 0);
}

#[test]
fn calls_that_wait_for_their_turn_run_when_the_last_handle_is_dropped() {
    let pool = pool();
    let (told, tells) = channel();
    let gate = Gate::new();
    let mut calls: Vec<_> = (0..5)
        .map(|number| Box::pin(two_at_a_time(pool.clone(), number, told.clone(), gate.clone())))
        .collect();
    assert!(calls.iter_mut().all(|call| poll_once(call).is_pending()));
    drop(pool);
    (0..2).for_each(|_| _ = next(&tells));
    gate.open();
    assert!(calls.into_iter().all(|call| block_on(call).is_ok()));
}

#[unblock(pool = pool, concurrency = 1)]
fn panics(pool: Pool) -> Result<(), Error> {
    panic!("on purpose")
}

#[test]
fn a_panic_gives_the_place_to_the_next() {
    let pool = pool();
    let mut calls: Vec<_> = (0..3).map(|_| Box::pin(panics(pool.clone()))).collect();
    for call in &mut calls {
        assert!(poll_once(call).is_pending());
    }
    for call in calls {
        assert!(matches!(block_on(call), Err(Error::Panicked(_))));
    }
}
