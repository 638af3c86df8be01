//! What a loop sees to beside its connections: whether it sleeps when it has nothing to do, which core it runs on, and
//! whether some of its connections are better off with another loop.

use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::activity::Activity;
use super::cores::Place;
use super::gauge::Gauge;
use super::looks::{Idle, Looks};
use super::measure::Measure;
use super::spread::Spread;

/// A loop that is never without something to do looks at the clock after so many requests.
const REQUESTS: u32 = 64;

/// The housekeeping of one loop. All of it is done on the loop's thread.
pub(super) struct Housekeeping {
    gauge: Gauge,
    spread: Arc<Spread>,
    requests: AtomicU32,
    /// The address of the activity of the connection that brought the last request since the load was measured, or 0,
    last: AtomicUsize,
    /// and whether others have brought requests since then.
    several: AtomicBool,
    state: Mutex<State>,
}

struct State {
    looks: Looks,
    place: Place,
    /// Where there are other loops, which have use for it.
    measure: Option<Measure>,
}

impl Housekeeping {
    /// To be made on the loop's thread.
    pub(super) fn new(gauge: Gauge, spread: Arc<Spread>, place: Place) -> Self {
        let measure = spread.is_among_others().then(|| Measure::new(Instant::now()));
        Self {
            gauge,
            spread,
            requests: AtomicU32::new(0),
            last: AtomicUsize::new(0),
            several: AtomicBool::new(false),
            state: Mutex::new(State { looks: Looks::default(), place, measure }),
        }
    }

    /// There is nothing to do.
    pub(super) fn idle(&self) -> Idle {
        let now = Instant::now();
        let mut state = self.lock();
        let idle = state.looks.idle(now, self.gauge.done());
        self.check(&mut state, now);
        if idle == Idle::Sleep {
            state.place.asleep();
            self.spread.falls_asleep(now);
        }
        idle
    }

    /// There may be something to do.
    pub(super) fn woken(&self) {
        let now = Instant::now();
        let mut state = self.lock();
        state.place.awake();
        state.looks.woken(now);
        self.spread.wakes(now);
    }

    /// There is a request to answer, of the connection with this activity.
    pub(super) fn request(&self, activity: &Arc<Activity>) {
        let activity = ptr::from_ref::<Activity>(activity).addr();
        let last = self.last.load(Ordering::Relaxed);
        if last != activity {
            self.last.store(activity, Ordering::Relaxed);
            self.several
                .store(last != 0 || self.several.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        let requests = self.requests.load(Ordering::Relaxed) + 1;
        self.requests.store(requests % REQUESTS, Ordering::Relaxed);
        if requests == REQUESTS {
            self.check(&mut self.lock(), Instant::now());
        }
    }

    fn check(&self, state: &mut State, now: Instant) {
        let Some(measure) = &mut state.measure else { return };
        let Some(load) = measure.load(now, state.looks.rest()) else { return };
        self.spread.show(load, now);
        let several = self.several.swap(false, Ordering::Relaxed);
        self.last.store(0, Ordering::Relaxed);
        // A better core would be better for all of its connections.
        if !state.place.check(load, |number| self.spread.load(number, now)) {
            self.spread.balance(load, several, now);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
