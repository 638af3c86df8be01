//! Times as numbers, which fit into an atomic, and of which a difference costs next to nothing.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Returns the time in nanoseconds since some moment before. It never goes back.
///
/// It is the clock of [`Instant`], without the cost of its arithmetic, which is as much as that of
/// reading it.
#[cfg(target_os = "linux")]
#[inline]
pub(crate) fn now() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned()
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn now() -> u64 {
    nanos_of(Instant::now())
}

/// Returns the number of nanoseconds between the process's first call of this function and `time`.
/// Times before that call are zero.
pub(crate) fn nanos_of(time: Instant) -> u64 {
    static EPOCH: OnceLock<Instant> = OnceLock::new();
    nanos(time.saturating_duration_since(*EPOCH.get_or_init(|| time)))
}

/// Returns the number of nanoseconds in `time`, or the largest number if there are more.
pub(crate) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
