//! The number of cores that pools and servers count on where nothing else is said.

use std::env;
use std::ffi::OsStr;
use std::num::NonZero;
use std::thread;

use crate::spawner;

/// The variable that says another number than the system, as `RAYON_NUM_THREADS` and
/// `TOKIO_WORKER_THREADS` do: for a container that may use fewer than it sees, or for a test of
/// how a program does on other machines.
const VARIABLE: &str = "UNBLOCK_CORES";

/// Returns the number of cores that the process may use, or what the variable says. Blocks for a
/// moment.
///
/// # Errors
///
/// A sentence, if the variable says no number.
pub(crate) fn count() -> Result<usize, String> {
    let Some(value) = env::var_os(VARIABLE) else {
        // Cores are those of the calling thread, and this one may be bound to some.
        let cores = || thread::available_parallelism().map_or(1, NonZero::get);
        return Ok(spawner::run(cores).unwrap_or(1));
    };
    read(&value)
}

fn read(value: &OsStr) -> Result<usize, String> {
    let number = value.to_str().and_then(|text| text.parse::<NonZero<usize>>().ok());
    number.map(NonZero::get).ok_or_else(|| {
        format!("{VARIABLE} must be a number of cores, 1 or more, and not `{}`", value.display())
    })
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_variable_says_a_number_or_the_error_says_what_it_says() {
        assert_eq!(read(OsStr::new("16")), Ok(16));
        for text in ["0", "-1", "", "all", "2.5"] {
            let error = read(OsStr::new(text)).unwrap_err();
            assert!(error.starts_with("UNBLOCK_CORES must be a number") && error.contains(text));
        }
    }
}
