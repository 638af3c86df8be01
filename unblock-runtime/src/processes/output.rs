//! What a worker process writes to its standard output and standard error: the lines go to the log,
//! and the last ones are kept.

use std::collections::VecDeque;
use std::io::{self, Read as _};
use std::process::ChildStderr;

use super::process::Process;
use crate::unwind;

/// The last lines of a process that are kept for whoever asks why it died.
const LINES_KEPT: usize = 10;
/// The longest line that is kept in one piece.
const LONGEST_LINE: usize = 4096;

/// What a process writes, and nobody has logged.
pub(super) struct Output {
    pipe: ChildStderr,
    partial: Vec<u8>,
    /// The last lines, without the frames of backtraces.
    last: VecDeque<String>,
}

impl Output {
    /// Takes the pipe that the process writes into.
    pub(super) fn new(pipe: ChildStderr) -> io::Result<Self> {
        rustix::io::ioctl_fionbio(&pipe, true)?;
        Ok(Self { pipe, partial: Vec::new(), last: VecDeque::new() })
    }

    /// Returns what becomes readable when the process has written.
    pub(super) fn pipe(&self) -> &ChildStderr {
        &self.pipe
    }

    /// Reads and logs what a dead process has left. Returns its last lines.
    pub(super) fn finish(mut self, pool: &str, process: &Process) -> VecDeque<String> {
        self.read(pool, process);
        self.end_line(pool, process);
        self.last
    }

    /// Reads and logs what is there.
    pub(super) fn read(&mut self, pool: &str, process: &Process) {
        let mut bytes = [0; 4096];
        while let Ok(read @ 1..) = self.pipe.read(&mut bytes) {
            for byte in &bytes[..read] {
                if *byte == b'\n' || self.partial.len() == LONGEST_LINE {
                    self.end_line(pool, process);
                }
                if *byte != b'\n' {
                    self.partial.push(*byte);
                }
            }
        }
    }

    fn end_line(&mut self, pool: &str, process: &Process) {
        if self.partial.is_empty() {
            return;
        }
        let line = String::from_utf8_lossy(&std::mem::take(&mut self.partial)).into_owned();
        let function = process.running().map(|running| running.function.path());
        let pid = process.id;
        if tracing::dispatcher::has_been_set() {
            unwind::log(|| tracing::info!(pool, pid, function, "{line}"));
        } else {
            // Nobody reads a log. The lines would have been here without the process.
            eprintln!("{line}");
        }
        // The frames of a backtrace would leave no room for what it is about.
        let is_frame = line.starts_with(' ') || line == "stack backtrace:";
        if is_frame {
            return;
        }
        if self.last.len() == LINES_KEPT {
            self.last.pop_front();
        }
        self.last.push_back(line);
    }
}
