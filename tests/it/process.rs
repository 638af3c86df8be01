//! A server as a process of its own, and what can be seen of it from outside.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// No test waits longer than this for what a process does.
pub(crate) const DEADLINE: Duration = Duration::from_mins(1);

/// A process that is killed when a test ends, and what it writes to standard output, line by line.
pub(crate) struct Process {
    child: Child,
    lines: Receiver<String>,
}

impl Process {
    #[track_caller]
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the program starts");
        let output = child.stdout.take().expect("its standard output");
        let (tell, lines) = mpsc::channel();
        thread::spawn(move || {
            BufReader::new(output)
                .lines()
                .map_while(Result::ok)
                .try_for_each(|line| tell.send(line))
        });
        Self { child, lines }
    }

    /// The next line of its standard output.
    #[track_caller]
    pub(crate) fn line(&self) -> String {
        self.lines.recv_timeout(DEADLINE).expect("a line of standard output")
    }

    /// The lines that it has still written when it, and whoever shares its standard output, has
    /// ended.
    #[track_caller]
    pub(crate) fn last_lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            match self.lines.recv_timeout(DEADLINE) {
                Ok(line) => lines.push(line),
                Err(mpsc::RecvTimeoutError::Disconnected) => return lines,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    panic!("someone still has its standard output: {lines:?}")
                }
            }
        }
    }

    /// Its standard error, which must be a pipe.
    #[allow(dead_code, reason = "only the demo's tests close it")]
    pub(crate) fn error_output(&mut self) -> ChildStderr {
        self.child.stderr.take().expect("its standard error")
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    #[track_caller]
    pub(crate) fn signal(&self, signal: Signal) {
        kill(self.pid(), signal);
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn status(&mut self) -> ExitStatus {
        until("the process's end", || self.child.try_wait().expect("a status").is_some());
        self.child.wait().expect("a status")
    }

    /// Its child processes, those that have ended left out.
    pub(crate) fn children(&self) -> Vec<u32> {
        let path = format!("/proc/{0}/task/{0}/children", self.pid());
        let text = fs::read_to_string(path).unwrap_or_default();
        text.split_whitespace()
            .filter_map(|pid| pid.parse().ok())
            .filter(|pid| lives(*pid))
            .collect()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Its children follow: that is one of the things that are tested.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Looks until it is so: what happens in another process can only be looked for.
#[track_caller]
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < DEADLINE, "not seen within {DEADLINE:?}: {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// Waits until the threads of these directories sleep, and looks for a while whether they go on to.
#[track_caller]
pub(crate) fn assert_sleep(tasks: impl Fn() -> Vec<PathBuf>) {
    let times = || tasks().iter().filter_map(|task| times_on_a_core(task)).collect::<Vec<_>>();
    let mut before = Vec::new();
    until("the threads sleep", || {
        thread::sleep(Duration::from_millis(100));
        let now = times();
        std::mem::replace(&mut before, now.clone()) == now && !now.is_empty()
    });
    thread::sleep(Duration::from_millis(500));
    assert_eq!(times(), before);
}

/// How often a thread has been given a core, and the nanoseconds that it had it: one that polls
/// without waiting would be seen in these alone.
fn times_on_a_core(task: &Path) -> Option<(u64, u64)> {
    let text = fs::read_to_string(task.join("schedstat")).ok()?;
    let mut fields = text.split_whitespace().filter_map(|field| field.parse().ok());
    let (nanoseconds, _waited, times) = (fields.next()?, fields.next()?, fields.next()?);
    Some((times, nanoseconds))
}

#[track_caller]
pub(crate) fn kill(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    kill_process(pid, signal).expect("to send a signal");
}

/// Whether a process runs. One that has ended and that nobody has waited for yet does not.
pub(crate) fn lives(pid: u32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    // After the name, which is in parentheses and may hold anything.
    !stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with(['Z', 'X']))
}

/// Where a server says that it listens: the last word of `line` that is an address.
#[track_caller]
pub(crate) fn address(line: &str) -> SocketAddr {
    let words = line.split_whitespace().rev();
    let mut addresses = words.filter_map(|word| word.trim_start_matches("http://").parse().ok());
    addresses.next().unwrap_or_else(|| panic!("no address in {line:?}"))
}
