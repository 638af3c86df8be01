//! A worker: a thread that takes a job, runs it, completes it, and looks for the next.

use std::io;
use std::sync::Arc;

use crate::pool::Shared;
use crate::sizing::{Seat, Wait};
use crate::{context, panic, priority};

/// A worker that finds nothing looks again so many times before it goes to the bench: waking a thread costs more than
/// a short round trip takes. The yields give the core to whoever needs it, so a busy machine does not pay for it.
/// (The numbers are affinitypool's, which measured a round trip of 1.2 µs with and 5.4 µs without.)
const SPINS: u32 = 6;
const YIELDS: u32 = 4;

/// Starts a worker if the pool may have another. False if it has as many as it may.
///
/// # Errors
///
/// The system's, when it gives no thread; nothing has changed then.
pub(crate) fn hire(pool: &Arc<Shared>) -> io::Result<bool> {
    let Some(seat) = pool.sizing.hire() else { return Ok(false) };
    let (shared, occupied) = (Arc::clone(pool), Arc::clone(&seat));
    match pool.spawn_thread(seat.number(), pool.stack_size, move || work(&shared, &occupied)) {
        Ok(()) => Ok(true),
        Err(error) => {
            pool.sizing.unhire(&seat);
            Err(error)
        }
    }
}

fn work(pool: &Arc<Shared>, seat: &Arc<Seat>) {
    seat.occupy();
    context::join(pool);
    if pool.niceness > 0 {
        pool.note_niceness(priority::lower(pool.niceness));
    }
    let has_work = || pool.queue.has_work();
    let mut searching = true;
    loop {
        if let Some(job) = pool.queue.pop() {
            if std::mem::take(&mut searching) {
                pool.sizing.found(has_work);
            }
            // The job's panic is its outcome; this one can only come from dropping what a user's code left behind.
            panic::contain("dropping a job's value or what it had captured", || context::run(job, pool));
            if pool.sizing.may_go_on(seat) {
                continue;
            }
        } else {
            if !searching {
                pool.sizing.search();
                searching = true;
            }
            if finds_work(has_work) {
                continue;
            }
        }
        match pool.sizing.sit(seat, searching, has_work) {
            Wait::Called => searching = true,
            Wait::Leave => return,
        }
    }
}

fn finds_work(has_work: impl Fn() -> bool) -> bool {
    for spin in 0..SPINS {
        if has_work() {
            return true;
        }
        for _ in 0..1 << spin {
            std::hint::spin_loop();
        }
    }
    for _ in 0..YIELDS {
        if has_work() {
            return true;
        }
        std::thread::yield_now();
    }
    false
}
