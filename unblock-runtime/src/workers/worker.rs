//! A worker: a thread that takes a job, runs it, completes it, and looks for the next.

use std::io;
use std::mem;
use std::sync::Arc;
use std::time::Instant;

use crate::job::Run;
use crate::job::context;
use crate::pool::Shared;
use crate::sync::atomic::Ordering;
use crate::unwind;
use crate::workers::os_thread;
use crate::workers::profile::SHORT;
use crate::workers::{Errand, Seat, Wait};

/// A worker that finds nothing looks again so many times before it goes to the bench: waking a thread costs more than a
/// short round trip takes. Between two looks it pauses, because each look takes a cache line from whoever submits, and
/// sometimes it yields its core to whoever needs it; so a busy machine does not pay for it, and an idle one some 20 µs after
/// each burst. (The idea is affinitypool's, which looks ten times. One caller's round trip took 16 to 19 µs here so, and
/// takes 6 to 12.)
const LOOKS: u32 = 16;
/// Pauses of the processor between two looks, about 1.4 µs. With half of it 64 callers get a tenth fewer jobs done, because more
/// of the looks fall between two submissions; with twice as much a single caller waits longer.
const PAUSES: u32 = 32;
/// Before the first look after a burst of jobs it pauses longer, by so much for each of them. They take about three times as long to
/// submit, so the next are not kept waiting; and a worker that has caught up takes each cache line out of the submitter's hands.
/// (Eight callers get 1.4 times as many jobs done so; with twice as much they wait for the worker.)
const PAUSES_PER_JOB: u32 = 2;
/// The longest pause for a burst, about 11 µs.
const MOST_PAUSES: u32 = 256;
/// After so many looks the core is offered to others.
const LOOKS_PER_YIELD: u32 = 2;

/// Starts a worker if the pool may have another. False if it has as many as it may.
///
/// # Errors
///
/// The system's, when it gives no thread; nothing has changed then.
pub(crate) fn hire(pool: &Arc<Shared>, errand: Errand) -> io::Result<bool> {
    let Some(seat) = pool.sizing.hire(errand) else { return Ok(false) };
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
    let mut searching = seat.occupy() == Some(Errand::Any);
    if pool.niceness > 0 {
        pool.note_niceness(os_thread::lower(pool.niceness));
    }
    let has_work = || pool.queue.has_work();
    let mut burst = 0;
    loop {
        let has_token = seat.has_token();
        let job = if has_token {
            pool.queue.pop(pool.sizing.room_for_naps() > 0 || pool.queue.has_scout())
        } else {
            pool.queue.pop_sleeper()
        };
        if let Some(job) = job {
            if mem::take(&mut searching) {
                pool.sizing.found(has_work);
            }
            run(job, pool, seat);
            burst = u32::saturating_add(burst, 1);
            if pool.sizing.may_go_on(seat, || pool.queue.has_sleepers()) {
                continue;
            }
        } else if has_token {
            if !searching {
                pool.sizing.search();
                searching = true;
            }
            if finds_work(mem::take(&mut burst), has_work) {
                continue;
            }
        }
        match pool.sizing.sit(seat, searching, has_work) {
            Wait::Called(errand) => searching = errand == Errand::Any,
            Wait::Leave => return,
        }
    }
}

fn run(job: Arc<dyn Run>, pool: &Shared, seat: &Seat) {
    // The job's panic is its outcome; this one can only come from dropping what a user's code left behind.
    let run = |job| {
        unwind::contain("dropping a job's value or what it had captured", || context::run(job))
    };
    let (kind, is_scout) = (job.header().kind, job.header().scout.load(Ordering::Relaxed));
    let habit = kind.habit();
    seat.begin(kind, is_scout);
    let lives = |job: &dyn Run| !job.is_past_queue() && !job.header().is_expired();
    let begun = (is_scout && lives(&*job)).then(Instant::now);
    if (is_scout || habit.sleeps() || !seat.has_token())
        && pool.sizing.nap(seat, || pool.queue.has_work())
    {
        let before = os_thread::computed();
        run(job);
        pool.sizing.end_nap();
        if os_thread::computed().saturating_sub(before) > SHORT && habit.saw(false) {
            pool.queue.habits_changed();
        }
    } else {
        run(job);
    }
    if seat.end() {
        if let Some(begun) = begun {
            habit.ended(begun.elapsed());
        }
        pool.queue.scout_is_back();
    }
}

/// Looks for work, after a burst of so many jobs.
fn finds_work(burst: u32, has_work: impl Fn() -> bool) -> bool {
    pause(burst.saturating_mul(PAUSES_PER_JOB).min(MOST_PAUSES));
    (1..=LOOKS).any(|look| {
        pause(PAUSES);
        if look % LOOKS_PER_YIELD == 0 {
            std::thread::yield_now();
        }
        has_work()
    })
}

fn pause(times: u32) {
    for _ in 0..times {
        std::hint::spin_loop();
    }
}
