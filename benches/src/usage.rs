//! What a process uses, as the system counts it; NaN or 0 where it does not.

use std::fs::{read_dir, read_to_string};

/// CPU time that all threads of the process have used, in seconds.
pub fn cpu_seconds(id: u32) -> f64 {
    cpu_ticks(id).map_or(f64::NAN, |ticks| f64::from(ticks) / TICKS_PER_SECOND)
}

/// Resident memory of the process, in bytes.
pub fn resident_bytes(id: u32) -> f64 {
    resident_kilobytes(id).map_or(f64::NAN, |kilobytes| f64::from(kilobytes) * 1024.0)
}

/// Linux gives times to programs in this unit on nearly all machines.
const TICKS_PER_SECOND: f64 = 100.0;

/// The fields `utime` and `stime`, see `proc_pid_stat(5)`.
fn cpu_ticks(id: u32) -> Option<u32> {
    let stat = read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The second field, the program's name in parentheses, may contain anything. The others cannot
    // contain a parenthesis.
    let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(11);
    Some(fields.next()?.parse::<u32>().ok()? + fields.next()?.parse::<u32>().ok()?)
}

fn resident_kilobytes(id: u32) -> Option<u32> {
    let status = read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// Number of descriptors that the process has open; 0 where the system does not tell.
pub fn descriptors(id: u32) -> usize {
    entries(&format!("/proc/{id}/fd"))
}

/// Number of threads of the process; 0 where the system does not tell.
pub fn threads(id: u32) -> usize {
    entries(&format!("/proc/{id}/task"))
}

/// Ids of the processes that the main thread of the process has started and that have not ended.
pub fn children(id: u32) -> Vec<u32> {
    let text = read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
    text.split_whitespace().filter_map(|id| id.parse().ok()).collect()
}

fn entries(folder: &str) -> usize {
    read_dir(folder).map_or(0, Iterator::count)
}
