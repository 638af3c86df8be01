//! Measures the load of a loop.

use std::mem;
use std::time::{Duration, Instant};

use super::load::{Load, SPAN};

/// Measures the load of the loop of one thread.
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

    use crate::workers::os_thread as priority;

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
            // The first number is how long it has run as of the last tick of the scheduler, which is too long ago.
            let waited = numbers.nth(1)?.parse().ok()?;
            Some((priority::cpu_time(), Duration::from_nanos(waited)))
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
        assert_eq!(measure.load(begin + SPAN, rest), Some(Load { idle: 625, waiting: 0 }));
        rest.slept += SPAN;
        assert_eq!(measure.load(begin + 2 * SPAN, rest), Some(Load { idle: 1000, waiting: 0 }));
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
        while measure.account.as_ref().and_then(system::Account::so_far).unwrap().0 < ran + SPAN {
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
