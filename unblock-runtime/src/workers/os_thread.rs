//! Threads as the operating system sees them: their priority, and whether they are asleep.
//!
//! Workers run at a lower priority than event loops, so that a loop that has something to do gets a
//! core at once. On Linux niceness belongs to a thread, and raising it needs no privilege
//! (`sched(7)`).

use std::time::Duration;

#[cfg(target_os = "linux")]
pub(crate) use linux::{
    ThreadId, be_like_first_thread, cpu_time, cpu_time_of_process, lower_priority,
};

#[cfg(not(target_os = "linux"))]
pub(crate) use elsewhere::{
    ThreadId, be_like_first_thread, cpu_time, cpu_time_of_process, lower_priority,
};

/// True if the platform can tell whether a thread is asleep.
pub(crate) const KNOWS_STATES: bool = cfg!(all(target_os = "linux", not(unblock_by_time)));

/// How long a thread has run so far, and how long it was runnable and had no core.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct CoreTime {
    pub(crate) ran: Duration,
    pub(crate) waited: Duration,
}

/// Whether a thread uses or wants a core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ThreadState {
    /// It runs, or waits for a core.
    Awake,
    /// It waits for something else than a core.
    Asleep,
}

/// What a thread that sleeps is in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "only Linux tells"))]
pub(crate) enum Sleep {
    /// It runs.
    Awake,
    /// A system call, by its number, and its first argument.
    In {
        call: u64,
        argument: u64,
    },
    /// A function of the kernel that is no system call, such as that for a fault of a page.
    At {
        place: String,
    },
    Unknown,
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io;
    use std::time::Duration;

    use super::{CoreTime, Sleep, ThreadState};

    /// The kernel's number of a thread.
    #[derive(Debug, Clone, Copy)]
    pub(crate) struct ThreadId(i32);

    impl ThreadId {
        pub(crate) fn current() -> Self {
            Self(rustix::thread::gettid().as_raw_nonzero().get())
        }

        /// Returns the number itself, as `ps -L` shows it.
        #[expect(clippy::unnecessary_wraps, reason = "the signature of the other platforms")]
        pub(crate) fn number(self) -> Option<i32> {
            Some(self.0)
        }

        /// Returns the thread's state, or `None` if it cannot be told. A look costs about 3 µs.
        ///
        /// The state is the field after the command's name, which is in parentheses and may hold
        /// any character itself (`proc_pid_stat(5)`).
        #[cfg(not(unblock_by_time))]
        pub(crate) fn state(self) -> Option<ThreadState> {
            use std::fs::File;
            use std::io::Read;

            let path = format!("/proc/self/task/{}/stat", self.0);
            let mut stat = [0; 128];
            let length = File::open(path).ok()?.read(&mut stat).ok()?;
            let end_of_name = stat[..length].iter().rposition(|&byte| byte == b')')?;
            match stat[..length].get(end_of_name + 2)? {
                b'S' | b'D' => Some(ThreadState::Asleep),
                _ => Some(ThreadState::Awake),
            }
        }

        /// Returns how long the thread has run and waited for a core, if the kernel tells. A look
        /// costs about 2 µs (`Documentation/scheduler/sched-stats.rst`).
        pub(crate) fn core_time(self) -> Option<CoreTime> {
            let path = format!("/proc/self/task/{}/schedstat", self.0);
            let text = std::fs::read_to_string(path).ok()?;
            let mut nanos = text.split_ascii_whitespace().map(str::parse);
            let mut next = || Some(Duration::from_nanos(nanos.next()?.ok()?));
            Some(CoreTime { ran: next()?, waited: next()? })
        }

        /// Returns what the thread sleeps in. A look costs about 3 µs (`proc_pid_syscall(5)`,
        /// `proc_pid_wchan(5)`).
        pub(crate) fn sleep(self) -> Sleep {
            let read = |file| std::fs::read_to_string(format!("/proc/self/task/{}/{file}", self.0));
            let call = read("syscall").unwrap_or_default();
            let mut words = call.split_ascii_whitespace();
            let first = words.next().unwrap_or_default();
            if first == "running" {
                return Sleep::Awake;
            }
            let argument = words.next().and_then(|word| word.strip_prefix("0x"));
            let argument = argument.and_then(|hex| u64::from_str_radix(hex, 16).ok());
            if let (Ok(call), Some(argument)) = (first.parse(), argument) {
                return Sleep::In { call, argument };
            }
            match read("wchan") {
                Ok(place) if place.len() > 1 => Sleep::At { place },
                _ => Sleep::Unknown,
            }
        }

        #[cfg(unblock_by_time)]
        #[expect(clippy::unused_self, reason = "the signature of the platforms that can tell")]
        pub(crate) fn state(self) -> Option<ThreadState> {
            None
        }
    }

    /// Returns the CPU time that the calling thread has used. Costs a system call of about 0.2 µs.
    pub(crate) fn cpu_time() -> Duration {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Duration::try_from(time).unwrap_or_default()
    }

    /// Returns the CPU time that the process has used.
    pub(crate) fn cpu_time_of_process() -> Duration {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        Duration::try_from(time).unwrap_or_default()
    }

    /// Gives the calling thread this niceness if its own is less. Returns the niceness that it has
    /// then.
    pub(crate) fn lower_priority(niceness: i32) -> io::Result<i32> {
        let present = rustix::process::getpriority_process(None)?;
        if niceness > present {
            rustix::process::setpriority_process(None, niceness)?;
        }
        Ok(rustix::process::getpriority_process(None)?)
    }

    /// Lets the calling thread use the cores that the process's first thread may use, and gives it
    /// that thread's niceness, as far as the system allows.
    pub(crate) fn be_like_first_thread() {
        let first = Some(rustix::process::getpid());
        if let Ok(cores) = rustix::thread::sched_getaffinity(first) {
            let _ = rustix::thread::sched_setaffinity(None, &cores);
        }
        if let Ok(niceness) = rustix::process::getpriority_process(first) {
            let _ = rustix::process::setpriority_process(None, niceness);
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use std::io;
    use std::time::Duration;

    use super::{CoreTime, Sleep, ThreadState};

    #[derive(Debug, Clone, Copy)]
    pub(crate) struct ThreadId;

    impl ThreadId {
        pub(crate) fn current() -> Self {
            Self
        }

        pub(crate) fn number(self) -> Option<i32> {
            None
        }

        pub(crate) fn state(self) -> Option<ThreadState> {
            None
        }

        pub(crate) fn core_time(self) -> Option<CoreTime> {
            None
        }

        pub(crate) fn sleep(self) -> Sleep {
            Sleep::Unknown
        }
    }

    /// Returns zero: no job is known to block here, so nothing depends on it.
    pub(crate) fn cpu_time() -> Duration {
        Duration::ZERO
    }

    /// Returns zero: no thread is known to wait here, so nothing depends on it.
    pub(crate) fn cpu_time_of_process() -> Duration {
        Duration::ZERO
    }

    pub(crate) fn lower_priority(_niceness: i32) -> io::Result<i32> {
        Ok(0)
    }

    /// Does nothing.
    pub(crate) fn be_like_first_thread() {}
}
