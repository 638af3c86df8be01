//! How much the loops of a server have to do, each as it knows of itself and as it shows the others.
//!
//! A loop with too much to do is one that is hardly ever idle. But one with little to do may be late with it too, when another
//! thread runs on its core, of this program or of another, and it has to wait for that.

use std::mem;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How long a load is measured: two ticks of the scheduler, so that a loop that takes turns with another thread has had both.
const SPAN: Duration = Duration::from_millis(8);

/// A loop that is idle for less has no time for more.
const LITTLE: u32 = 20;

/// A loop that is idle for this long has time for what another has too much of.
const MUCH: u32 = 100;

/// A core that is waited for this long belongs to others as well.
const SHARED: u32 = 50;

/// A loop's longest waiting of late counts less by one of so many parts each time that it is asked for: half of it is forgotten
/// after a third of a second.
const FORGETTING: u32 = 64;

/// What became of a loop's time, in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Load {
    /// There was nothing to do.
    pub(super) idle: u32,
    /// There was something to do, and the core did something else.
    pub(super) waiting: u32,
}

impl Load {
    fn busy(self) -> u32 {
        1000 - self.idle - self.waiting
    }

    /// Whether this is clearly less to do than `other`.
    pub(super) fn is_lighter_than(self, other: Self) -> bool {
        2 * self.busy() < other.busy()
    }

    /// Whether a loop with this load is to give connections to one with the load `other`, which has waited so long `lately`.
    ///
    /// What waits for its core gives for as long as the other has any time left. What has too much to do gives only where
    /// no core is waited for: there the other would take its time from a thread that may be the client.
    pub(super) fn is_to_give_to(self, other: Self, lately: u32) -> bool {
        let waits = self.waiting >= SHARED && self.waiting >= 2 * other.waiting && other.idle >= LITTLE;
        let is_full = self.idle < LITTLE && other.idle >= MUCH && lately < SHARED;
        waits || is_full
    }
}

/// The load that a loop shows the others. Nothing follows from it but who serves which connection.
#[derive(Debug)]
pub(super) struct Shown {
    idle: AtomicU32,
    waiting: AtomicU32,
    lately: AtomicU32,
}

impl Default for Shown {
    fn default() -> Self {
        Self { idle: AtomicU32::new(1000), waiting: AtomicU32::new(0), lately: AtomicU32::new(0) }
    }
}

impl Shown {
    pub(super) fn set(&self, load: Load) {
        self.idle.store(load.idle, Ordering::Relaxed);
        self.waiting.store(load.waiting, Ordering::Relaxed);
        self.lately.fetch_max(load.waiting, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> Load {
        let idle = self.idle.load(Ordering::Relaxed);
        // Both may be of different loads.
        Load { idle, waiting: self.waiting.load(Ordering::Relaxed).min(1000 - idle) }
    }

    /// The longest waiting of late. It is forgotten by being asked for: a loop without connections shows nothing new.
    pub(super) fn lately(&self) -> u32 {
        let lately = self.lately.load(Ordering::Relaxed);
        self.lately.store(lately - lately.div_ceil(FORGETTING), Ordering::Relaxed);
        lately
    }
}

/// Measures the load of one loop.
#[derive(Debug)]
pub(super) struct Measure {
    account: Option<system::Account>,
    since: Instant,
    before: Times,
}

/// How long a loop has had nothing to do so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rest {
    /// It looked whether there was something.
    pub(super) looked: Duration,
    /// It slept. It may have been woken a while before it knew.
    pub(super) slept: Duration,
}

/// What has become of a loop's time so far.
#[derive(Clone, Copy, Debug, Default)]
struct Times {
    rest: Rest,
    /// What the kernel knows, if it does: it ran,
    ran: Duration,
    /// or waited for the core.
    waited: Duration,
}

impl Measure {
    /// Of the loop of this thread.
    pub(super) fn new(now: Instant) -> Self {
        Self { account: system::Account::open(), since: now, before: Times::default() }
    }

    /// The load since the last one, if that is long enough ago.
    pub(super) fn load(&mut self, now: Instant, rest: Rest) -> Option<Load> {
        let passed = now.duration_since(self.since);
        if passed < SPAN {
            return None;
        }
        let kernel = self.account.as_ref().and_then(system::Account::so_far);
        let (ran, waited) = kernel.unwrap_or_default();
        let times = Times { rest, ran, waited };
        let before = mem::replace(&mut self.before, times);
        self.since = now;
        let part = |of: fn(&Times) -> Duration| {
            let part = 1000 * of(&times).saturating_sub(of(&before)).as_nanos() / passed.as_nanos();
            u32::try_from(part).unwrap_or(u32::MAX).min(1000)
        };
        let looked = part(|times| times.rest.looked);
        let waiting = part(|times| times.waited);
        let idle = match kernel {
            Some(_) => (1000 + looked).saturating_sub(waiting + part(|times| times.ran)),
            None => looked + part(|times| times.rest.slept),
        };
        Some(Load { idle: idle.min(1000 - waiting), waiting })
    }
}

#[cfg(target_os = "linux")]
mod system {
    use std::fs::File;
    use std::os::unix::fs::FileExt;
    use std::time::Duration;

    /// The kernel's account of a thread's time.
    #[derive(Debug)]
    pub(super) struct Account(File);

    impl Account {
        /// Of this thread; `None` if the kernel keeps none, or does not tell.
        pub(super) fn open() -> Option<Self> {
            File::open("/proc/thread-self/schedstat").ok().map(Self)
        }

        /// How long the thread has run, and waited for a core.
        pub(super) fn so_far(&self) -> Option<(Duration, Duration)> {
            let mut text = [0; 64];
            let length = self.0.read_at(&mut text, 0).ok()?;
            let mut numbers = std::str::from_utf8(&text[..length]).ok()?.split_ascii_whitespace();
            let mut next = || Some(Duration::from_nanos(numbers.next()?.parse().ok()?));
            Some((next()?, next()?))
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::time::Duration;

    /// It is not known here what becomes of a thread's time.
    #[derive(Debug)]
    pub(super) struct Account;

    impl Account {
        pub(super) fn open() -> Option<Self> {
            None
        }

        pub(super) fn so_far(&self) -> Option<(Duration, Duration)> {
            None
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn load(idle: u32, waiting: u32) -> Load {
        Load { idle, waiting }
    }

    #[test]
    fn what_waits_for_its_core_gives_to_what_does_not_while_that_has_time() {
        let waits = load(400, 300);
        assert!(waits.is_to_give_to(load(LITTLE, 0), 0));
        assert!(!waits.is_to_give_to(load(LITTLE - 1, 0), 0), "it has no time");
        assert!(!waits.is_to_give_to(load(500, 200), 0), "it waits as well");
        assert!(waits.is_to_give_to(load(500, 0), 300), "it has waited, but does not any more");
        assert!(!load(400, SHARED - 1).is_to_give_to(load(1000, 0), 0), "it hardly waits");
    }

    #[test]
    fn what_is_full_gives_to_what_has_much_time_and_a_core_of_its_own() {
        let full = load(0, 0);
        assert!(full.is_to_give_to(load(MUCH, 0), SHARED - 1));
        assert!(!full.is_to_give_to(load(MUCH - 1, 0), 0));
        assert!(!full.is_to_give_to(load(900, 0), SHARED), "its core is wanted by others");
        assert!(!load(LITTLE, 0).is_to_give_to(load(1000, 0), 0), "it has some time itself");
    }

    #[test]
    fn a_waiting_is_forgotten_in_time() {
        let shown = Shown::default();
        shown.set(load(0, 600));
        shown.set(load(1000, 0));
        assert_eq!(shown.get(), load(1000, 0));
        assert_eq!(shown.lately(), 600);
        let times = (1..1000).take_while(|_| shown.lately() >= 300).count();
        assert!((30..60).contains(&times), "{times}");
        assert!((0..1000).any(|_| shown.lately() == 0));
    }

    #[test]
    fn nothing_is_measured_before_the_span_is_over() {
        let begin = Instant::now();
        let mut measure = Measure::new(begin);
        assert_eq!(measure.load(begin + SPAN / 2, Rest::default()), None);
        assert!(measure.load(begin + SPAN, Rest::default()).is_some());
        assert_eq!(measure.load(begin + SPAN, Rest::default()), None);
    }

    #[test]
    fn without_the_kernel_it_is_idle_when_it_looks_or_sleeps() {
        let begin = Instant::now();
        let mut measure = Measure { account: None, ..Measure::new(begin) };
        let mut rest = Rest { looked: SPAN / 8, slept: SPAN / 2 };
        assert_eq!(measure.load(begin + SPAN, rest), Some(load(625, 0)));
        rest.slept += SPAN;
        assert_eq!(measure.load(begin + 2 * SPAN, rest), Some(load(1000, 0)));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_kernel_tells_computing_from_sleeping() {
        let begin = Instant::now();
        let mut measure = Measure::new(begin);
        let Some((ran, _)) = measure.account.as_ref().and_then(system::Account::so_far) else {
            return; // This kernel keeps no account.
        };
        measure.before.ran = ran;
        // The kernel writes it down at its ticks, or when the thread stops running.
        while measure.account.as_ref().and_then(system::Account::so_far).unwrap().0 < ran + 2 * SPAN {
            std::hint::spin_loop();
        }
        let computed = measure.load(Instant::now(), Rest::default()).unwrap();
        assert!(computed.busy() > 0 && computed.idle + computed.waiting < 1000, "{computed:?}");
        // What it looked in vain was not work.
        let looked = Rest { looked: begin.elapsed() * 2, ..Rest::default() };
        std::thread::sleep(SPAN);
        assert_eq!(measure.load(Instant::now(), looked).unwrap().busy(), 0);
    }
}
