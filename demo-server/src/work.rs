//! The work of the routes: ordinary blocking code that knows nothing of pools, loops or `async`.

use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use argon2::password_hash::PasswordHasher as _;
use argon2::{Algorithm, Argon2, Params, Version};

use crate::error_response::{TextResponse, internal};

/// Sleeps, as a call to another machine would.
pub(crate) fn sleep(time: Duration) -> String {
    thread::sleep(time);
    format!("Awake! {}\n", now())
}

/// Computes until this thread has used `time` of CPU time, however long other threads keep it from
/// running.
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

/// Hashes a password with argon2id, at the first parameters that OWASP's Password Storage Cheat
/// Sheet recommends: 19 MiB of memory, 2 iterations, 1 lane.
pub(crate) fn hash(password: &[u8]) -> Result<String, TextResponse> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(|error| internal(&error))?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash = argon2.hash_password(password).map_err(|error| internal(&error))?;
    Ok(format!("{hash}\n"))
}

/// Returns the time in seconds since 1970, as `time.time()` does in Python.
pub(crate) fn now() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{}.{:03}", since.as_secs(), since.subsec_millis())
}

/// Returns the CPU time that this thread has used.
#[cfg(unix)]
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// Returns the time since the first call, on platforms that do not report the CPU time of a thread.
#[cfg(not(unix))]
fn cpu_time() -> Duration {
    static START: std::sync::LazyLock<std::time::Instant> =
        std::sync::LazyLock::new(std::time::Instant::now);
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

    #[test]
    fn hashes_are_salted_and_say_their_parameters() {
        let (one, two) = (hash(b"secret").unwrap(), hash(b"secret").unwrap());
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        assert_ne!(one, two);
    }
}
