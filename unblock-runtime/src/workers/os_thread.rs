//! The operating system's view of the workers: their priority, and whether a thread sleeps.
//!
//! Workers run at a lower priority than event loops, so that a loop that has something to do takes a core at once
//! (see `sched(7)`: niceness is a property of the thread on Linux, and raising it needs no privilege).

#[cfg(target_os = "linux")]
pub(crate) use linux::{ThreadId, computed, lower};

#[cfg(not(target_os = "linux"))]
pub(crate) use elsewhere::{ThreadId, computed, lower};

/// Whether it can be told here who sleeps.
pub(crate) const TELLS_WHO_SLEEPS: bool = cfg!(all(target_os = "linux", not(unblock_by_time)));

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::File;
    use std::io::{self, Read};
    use std::time::Duration;

    /// A thread, as the kernel counts them.
    #[derive(Debug, Clone, Copy)]
    pub(crate) struct ThreadId(i32);

    impl ThreadId {
        pub(crate) fn current() -> Self {
            Self(rustix::thread::gettid().as_raw_nonzero().get())
        }

        /// Whether the thread sleeps: waits for something other than a core. `None` where it cannot be told.
        ///
        /// One look costs about 3 µs. The state is the field after the command's name, which is in parentheses and
        /// may hold any character itself: `proc_pid_stat(5)`.
        #[cfg(not(unblock_by_time))]
        pub(crate) fn is_asleep(self) -> Option<bool> {
            let mut stat = [0; 128];
            let read = File::open(format!("/proc/self/task/{}/stat", self.0))
                .ok()?
                .read(&mut stat)
                .ok()?;
            let after_name = stat[..read].iter().rposition(|&byte| byte == b')')?;
            let state = stat[..read].get(after_name + 2)?;
            Some(matches!(state, b'S' | b'D'))
        }

        #[cfg(unblock_by_time)]
        #[expect(clippy::unused_self, reason = "the signature of the platforms that can tell")]
        pub(crate) fn is_asleep(self) -> Option<bool> {
            None
        }
    }

    /// How long the calling thread has computed. Costs a system call, some 0.2 µs.
    pub(crate) fn computed() -> Duration {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Duration::try_from(time).unwrap_or_default()
    }

    /// Gives the calling thread this niceness, unless it is as nice already. Returns what it is then.
    pub(crate) fn lower(niceness: i32) -> io::Result<i32> {
        let present = rustix::process::getpriority_process(None)?;
        if niceness > present {
            rustix::process::setpriority_process(None, niceness)?;
        }
        Ok(rustix::process::getpriority_process(None)?)
    }
}

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use std::io;
    use std::time::Duration;

    #[derive(Debug, Clone, Copy)]
    pub(crate) struct ThreadId;

    impl ThreadId {
        pub(crate) fn current() -> Self {
            Self
        }

        pub(crate) fn is_asleep(self) -> Option<bool> {
            None
        }
    }

    /// Nobody is known to sleep here, so nobody asks.
    pub(crate) fn computed() -> Duration {
        Duration::ZERO
    }

    pub(crate) fn lower(_niceness: i32) -> io::Result<i32> {
        Ok(0)
    }
}
