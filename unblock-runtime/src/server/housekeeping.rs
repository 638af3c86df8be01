//! What a loop sees to beside its connections: whether it sleeps when it has nothing to do, which core it runs on, and
//! whether some of its connections are better off with another loop.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::cores::Place;
use super::gauge::Gauge;
use super::load::Measure;
use super::looks::{Idle, Looks};
use super::spread::Spread;

/// A loop that is never without something to do looks at the clock after so many requests.
const REQUESTS: u32 = 64;

/// The housekeeping of one loop. All of it is done on the loop's thread.
pub(super) struct Housekeeping {
    gauge: Gauge,
    spread: Arc<Spread>,
    requests: AtomicU32,
    state: Mutex<State>,
}

struct State {
    looks: Looks,
    place: Place,
    measure: Measure,
}

impl Housekeeping {
    /// To be made on the loop's thread.
    pub(super) fn new(gauge: Gauge, spread: Arc<Spread>, place: Place) -> Self {
        let state = State { looks: Looks::default(), place, measure: Measure::new(Instant::now()) };
        Self { gauge, spread, requests: AtomicU32::new(0), state: Mutex::new(state) }
    }

    /// There is nothing to do.
    pub(super) fn idle(&self) -> Idle {
        let now = Instant::now();
        let mut state = self.lock();
        let idle = state.looks.idle(now, self.gauge.done());
        self.check(&mut state, now);
        if idle == Idle::Sleep {
            state.place.asleep();
        }
        idle
    }

    /// There may be something to do.
    pub(super) fn woken(&self) {
        let mut state = self.lock();
        state.place.awake();
        state.looks.woken(Instant::now());
    }

    /// There is a request to answer.
    pub(super) fn request(&self) {
        let requests = self.requests.load(Ordering::Relaxed) + 1;
        self.requests.store(requests % REQUESTS, Ordering::Relaxed);
        if requests == REQUESTS {
            self.check(&mut self.lock(), Instant::now());
        }
    }

    fn check(&self, state: &mut State, now: Instant) {
        let Some(load) = state.measure.load(now, state.looks.rest()) else { return };
        self.spread.show(load);
        // A better core would be better for all of its connections.
        if !state.place.check(load, |number| self.spread.load(number)) {
            self.spread.balance(load);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
