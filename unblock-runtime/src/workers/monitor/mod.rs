//! The monitor: one thread of a pool that samples the workers while work waits and no worker may
//! take it. Otherwise it looks twenty times a second whether those that work get cores, and sleeps
//! while none does.
//!
//! It also starts the threads by which the pool grows, so that no submitter waits for the system,
//! and because new threads inherit the monitor's normal priority.

mod growth;
mod jitter;
mod pressure;
mod probe;
mod sample;
pub(super) mod trigger;

use std::sync::Arc;
use std::time::Duration;

use self::growth::Growth;
use self::jitter::Jitter;
use self::pressure::{Pressure, RESTORE_AFTER, WINDOW};
use self::probe::Probe;
use super::os_thread::ThreadId;
use crate::pool::Shared;
use crate::sync::thread;

/// The time between two samples while workers are found asleep, or a probe is out. A look at one
/// worker costs about 3 µs.
const MIN_PERIOD: Duration = Duration::from_millis(1);
/// The longest time between two samples, while all workers compute.
const MAX_PERIOD: Duration = Duration::from_millis(4);
/// The number of samples without work after which the monitor sleeps. A queue that is empty for a
/// moment is no reason to sleep.
const QUIET_SAMPLES: u32 = 16;

/// Watches over `pool` until its workers are dismissed. Blocks.
pub(crate) fn run(pool: &Arc<Shared>) {
    let workers = &pool.workers;
    workers.trigger.set_monitor();
    let (mut growth, mut pressure) = (Growth::new(pool), Pressure::new());
    while !workers.is_dismissed() {
        if !workers.trigger.is_armed() {
            rest(pool, &mut pressure);
            continue;
        }
        growth.reset(pool);
        watch(pool, &mut growth, &mut pressure);
        workers.trigger.disarm(|| pool.queue.len() > 0);
    }
}

/// Waits until the trigger is armed. While workers run, it measures how long they wait for cores,
/// which a single caller feels as much as many.
fn rest(pool: &Shared, pressure: &mut Pressure) {
    let workers = &pool.workers;
    let mut want_cores = false;
    while !workers.trigger.is_armed() && !workers.is_dismissed() {
        if pool.niceness.is_pinned() {
            thread::park();
        } else if workers.trigger.take_activity() || want_cores {
            thread::park_timeout(WINDOW);
            want_cores = pressure.observe(pool);
        } else if pool.niceness.is_suspended() {
            thread::park_timeout(RESTORE_AFTER);
            if !workers.trigger.is_armed() && !workers.trigger.is_active() {
                pool.niceness.set_suspended(false);
            }
        } else {
            thread::park();
        }
    }
}

/// Samples the workers until there was no work for a while.
fn watch(pool: &Arc<Shared>, growth: &mut Growth, pressure: &mut Pressure) {
    let (mut probe, mut jitter) = (Probe::None, Jitter::new());
    let mut period = MIN_PERIOD;
    let mut quiet = 0;
    while quiet < QUIET_SAMPLES && !pool.workers.is_dismissed() {
        thread::park_timeout(jitter.vary(period));
        // Tombstones in the lanes are not work.
        if pool.queue.len() == 0 {
            quiet += 1;
            continue;
        }
        quiet = 0;
        let sample = pool.workers.sample(ThreadId::state);
        probe.step(pool);
        if sample.profiles_changed {
            pool.queue.mark_unsorted();
        }
        pool.queue_changed(pool.queue.sort());
        pool.queue_changed(probe.send(pool));
        growth.apply(pool, sample);
        pressure.observe(pool);
        let is_curious = sample.asleep > 0 || probe.is_out();
        period = if is_curious { MIN_PERIOD } else { (period * 2).min(MAX_PERIOD) };
    }
    pool.workers.set_asleep(0);
}
