//! Computing for a given time: what `GET /spin/{micros}` does. The benches' other servers run this very code.

use std::time::Duration;

/// Computes until this thread has had `time` of a core to itself, however long others keep it from that.
pub(crate) fn spin(time: Duration) -> String {
    let start = cpu_time();
    let mut rounds: u64 = 0;
    loop {
        let burnt = cpu_time().saturating_sub(start);
        if burnt >= time {
            return format!("burnt {} µs of CPU time in {rounds} rounds\n", burnt.as_micros());
        }
        rounds = std::hint::black_box(rounds + 1);
    }
}

/// How much CPU time this thread has used.
#[cfg(unix)]
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// Where a thread's CPU time is not to be had, the time that passes stands for it.
#[cfg(not(unix))]
fn cpu_time() -> Duration {
    static START: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    START.elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spinning_uses_the_cpu_time_that_was_asked_for() {
        let before = cpu_time();
        spin(Duration::from_millis(5));
        assert!(cpu_time().checked_sub(before).unwrap() >= Duration::from_millis(5));
    }
}
