//! The child processes of a parent: one slot for each, in which a child runs or is due to be
//! started.
//!
//! ```text
//!      start_due, and the program starts
//! Due ───────────────────────────────────▶ Running
//!  ▲                                          │
//!  └── Slot::died: due again after a pause ◀──┘ reap, or start_due if the program does not start
//! ```
//!
//! `stop` ends all slots: it asks running children to stop, and starts no others.

use std::env;
use std::future::pending;
use std::io;
use std::os::fd::{AsFd as _, AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{self, Child, Command};
use std::time::{Duration, Instant};

use command_fds::{CommandFdExt, FdMapping};
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::sleep_until;

use crate::restart_budget::RestartBudget;
use crate::server::accept::inherited::Introduction;
use crate::server::accept::listener::Listener;
use crate::server::error::ServerError;
use crate::unwind;

/// All slots, and the sockets that each child gets.
pub(super) struct Children {
    slots: Vec<Slot>,
    listeners: Vec<Listener>,
    /// Number of the server, for the introduction of its children.
    server: usize,
    budget: RestartBudget,
}

struct Slot {
    state: State,
    /// Number of children of this slot that have died in a row, each soon after its start.
    deaths: u32,
}

enum State {
    Running { child: Child, since: Instant },
    Due(Instant),
}

impl Children {
    /// Creates the slots. Their children are due at once.
    pub(super) fn new(
        count: usize,
        listeners: Vec<Listener>,
        server: usize,
        budget: RestartBudget,
    ) -> Self {
        let now = Instant::now();
        let slots = (0..count).map(|_| Slot { state: State::Due(now), deaths: 0 }).collect();
        Self { slots, listeners, server, budget }
    }

    /// Starts the children that are due. One that cannot be started counts as one that died at
    /// once.
    ///
    /// # Errors
    ///
    /// The first child of a slot cannot be started, or the budget of restarts is used up.
    pub(super) fn start_due(&mut self) -> Result<(), ServerError> {
        let now = Instant::now();
        for (index, slot) in self.slots.iter_mut().enumerate() {
            let State::Due(at) = slot.state else { continue };
            if at > now {
                continue;
            }
            let introduction = Introduction { index, parent: process::id(), server: self.server };
            match start(introduction, &self.listeners) {
                Ok(child) => {
                    unwind::log(|| {
                        tracing::info!(index, pid = child.id(), "started a child process");
                    });
                    slot.state = State::Running { child, since: now };
                }
                Err(error) if slot.deaths == 0 => return Err(ServerError::Spawn(error)),
                Err(error) => {
                    slot.died(&mut self.budget, now, Duration::ZERO, &error.to_string())?;
                }
            }
        }
        Ok(())
    }

    /// Waits until the next child is due, for ever if all run.
    pub(super) async fn next_start(&self) {
        let due = self.slots.iter().filter_map(|slot| match slot.state {
            State::Due(at) => Some(at),
            State::Running { .. } => None,
        });
        match due.min() {
            Some(at) => sleep_until(at.into()).await,
            None => pending().await,
        }
    }

    /// Reaps the children that have died, and plans the next in their slots.
    ///
    /// # Errors
    ///
    /// The budget of restarts is used up.
    pub(super) fn reap(&mut self) -> Result<(), ServerError> {
        for (index, slot) in self.slots.iter_mut().enumerate() {
            let State::Running { child, since } = &mut slot.state else { continue };
            let Ok(Some(status)) = child.try_wait() else { continue };
            let now = Instant::now();
            let lived = now.duration_since(*since);
            unwind::log(|| {
                tracing::warn!(index, pid = child.id(), %status, ?lived, "a child process ended; starting another");
            });
            slot.died(&mut self.budget, now, lived, &status.to_string())?;
        }
        Ok(())
    }

    /// Asks all children to stop, and starts no more.
    pub(super) fn stop(self) -> StoppingChildren {
        let running = self.slots.into_iter().filter_map(|slot| match slot.state {
            State::Running { child, .. } => Some(child),
            State::Due(_) => None,
        });
        let stopping = StoppingChildren(running.collect());
        for child in &stopping.0 {
            // A child that has not been waited for keeps its process id, even if it is dead.
            let _ = kill_process(Pid::from_child(child), Signal::TERM);
        }
        stopping
    }
}

impl Slot {
    /// Plans the next child, if the budget has another restart.
    fn died(
        &mut self,
        budget: &mut RestartBudget,
        now: Instant,
        lived: Duration,
        how: &str,
    ) -> Result<(), ServerError> {
        // The state changes even if the budget is used up, so that nobody waits for the dead child
        // again.
        let (deaths, pause) = budget.pause(self.deaths, lived);
        *self = Self { state: State::Due(now + pause), deaths };
        budget.restart(now).map_err(|over| ServerError::TooManyRestarts {
            restarts: over.restarts,
            within: budget.within(),
            last: how.to_owned(),
        })
    }
}

/// Children that have been asked to stop.
pub(super) struct StoppingChildren(Vec<Child>);

impl StoppingChildren {
    /// Returns whether all children have ended.
    pub(super) fn all_gone(&mut self) -> bool {
        self.0.retain_mut(|child| !matches!(child.try_wait(), Ok(Some(_))));
        self.0.is_empty()
    }

    /// Kills the children that have not ended, waits for them, and returns how many there were.
    pub(super) fn kill(&mut self) -> usize {
        self.all_gone();
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
        self.0.len()
    }
}

/// The descriptor of the first socket, by the convention of systemd.
const FIRST_SOCKET: i32 = 3;

/// Starts this program again, with the same arguments, as a child.
fn start(introduction: Introduction, listeners: &[Listener]) -> io::Result<Child> {
    let mut arguments = env::args_os();
    let mut command = Command::new(this_program()?);
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    let mut sockets = Vec::new();
    for listener in listeners {
        sockets.push(listener.as_fd().try_clone_to_owned()?);
    }
    sockets.push(introduction.write()?);
    command
        .args(arguments)
        .env("LISTEN_FDS", sockets.len().to_string())
        // `LISTEN_PID` would have to be the child's process id, which nobody knows before it runs.
        // Without the variable the sockets are for the process that is started. The other variables
        // are about sockets that a service manager passed to this process.
        .env_remove("LISTEN_PID")
        .env_remove("LISTEN_FDNAMES")
        .env_remove("LISTEN_FDS_FIRST_FD");

    // Between fork and exec the standard library keeps a pipe open, by which it learns whether exec
    // succeeded. If the pipe got the descriptor of a socket, the mapping would replace it. The
    // lowest free descriptors are given out first, so copies take all of them up to the last.
    let mappings: Vec<_> = (FIRST_SOCKET..)
        .zip(sockets)
        .map(|(child_fd, parent_fd)| FdMapping { parent_fd, child_fd })
        .collect();
    let last = mappings.last().map_or(FIRST_SOCKET, |mapping| mapping.child_fd);
    let mut copies: Vec<OwnedFd> = Vec::new();
    while copies.last().is_none_or(|copy| copy.as_raw_fd() <= last) {
        copies.push(mappings[0].parent_fd.try_clone()?);
    }
    command.fd_mappings(mappings).map_err(io::Error::other)?;
    command.spawn()
}

/// Returns the path of this program. If a deployment has replaced the file, the kernel still has
/// the running one under another name, so that all children of a parent have the same version.
fn this_program() -> io::Result<PathBuf> {
    let path = env::current_exe()?;
    let running = PathBuf::from("/proc/self/exe");
    Ok(if !path.exists() && running.exists() { running } else { path })
}
