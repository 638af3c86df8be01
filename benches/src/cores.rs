//! The cores that the load generator and the servers run on.

use std::io;
use std::process::{Child, Command};
use std::thread::available_parallelism;

/// By default the load generator and the servers share all cores.
#[derive(Default)]
pub struct Cores {
    #[cfg(target_os = "linux")]
    pinned: Option<linux::Pinned>,
}

#[cfg(target_os = "linux")]
impl Cores {
    /// Pins this thread, and those that it starts later, to one core. Servers have the others.
    ///
    /// # Errors
    ///
    /// Returns what to do if there is one core only, or the system refuses.
    pub fn pinned() -> Result<Self, String> {
        linux::Pinned::new().map(|pinned| Self { pinned: Some(pinned) })
    }

    /// Number of cores that a server can use.
    pub fn of_server(&self) -> usize {
        self.pinned.as_ref().map_or_else(available, linux::Pinned::of_server)
    }

    /// Starts a server on its cores.
    pub(crate) fn spawn(&self, server: &mut Command) -> io::Result<Child> {
        match &self.pinned {
            Some(pinned) => pinned.spawn(server),
            None => server.spawn(),
        }
    }
}

#[cfg(not(target_os = "linux"))]
impl Cores {
    /// Is for Linux only.
    ///
    /// # Errors
    ///
    /// Returns that.
    pub fn pinned() -> Result<Self, String> {
        Err("--pin needs Linux: other systems do not bind a process to a core".to_owned())
    }

    /// Number of cores that a server can use.
    pub fn of_server(&self) -> usize {
        available()
    }

    /// Starts a server.
    pub(crate) fn spawn(&self, server: &mut Command) -> io::Result<Child> {
        server.spawn()
    }
}

fn available() -> usize {
    available_parallelism().map_or(1, Into::into)
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io;
    use std::process::{Child, Command};

    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    pub(super) struct Pinned {
        generator: CpuSet,
        servers: CpuSet,
    }

    impl Pinned {
        pub(super) fn new() -> Result<Self, String> {
            let refused = |error| format!("--pin: the system refuses to bind threads: {error}");
            let mut servers = sched_getaffinity(None).map_err(refused)?;
            let first = (0..CpuSet::MAX_CPU).find(|&core| servers.is_set(core));
            let first = first.filter(|_| servers.count() > 1).ok_or(
                "--pin needs two cores, one for the load generator and one for the servers; \
                 without it they share what there is",
            )?;
            servers.unset(first);
            let mut generator = CpuSet::new();
            generator.set(first);
            sched_setaffinity(None, &generator).map_err(refused)?;
            Ok(Self { generator, servers })
        }

        pub(super) fn of_server(&self) -> usize {
            self.servers.count() as usize
        }

        /// A process inherits the cores of the thread that starts it, so this thread moves to the
        /// servers' cores while it does.
        pub(super) fn spawn(&self, server: &mut Command) -> io::Result<Child> {
            sched_setaffinity(None, &self.servers)?;
            let child = server.spawn();
            sched_setaffinity(None, &self.generator)?;
            child
        }
    }
}
