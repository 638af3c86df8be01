//! The CPU time of a process, as the system keeps it.

/// Seconds of CPU time that the process has used, all its threads together; NaN where the system does not say.
pub(crate) fn seconds(id: u32) -> f64 {
    ticks(id).map_or(f64::NAN, |ticks| f64::from(ticks) / TICKS_PER_SECOND)
}

/// Linux gives times to programs in this unit on nearly all machines.
const TICKS_PER_SECOND: f64 = 100.0;

/// The fields `utime` and `stime`, see `proc_pid_stat(5)`.
fn ticks(id: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The program's name, in parentheses, may contain anything. The third field comes after it.
    let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(11);
    Some(fields.next()?.parse::<u32>().ok()? + fields.next()?.parse::<u32>().ok()?)
}
