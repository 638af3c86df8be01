//! A child process's side of several processes on one socket: who it is, and that it does not outlive its parent.
//!
//! What a parent tells a child, it tells by the environment: `LISTEN_FDS=1`, systemd's convention for a socket
//! that is descriptor 3, and `UNBLOCK_CHILD=<index>:<process id of the parent>`. A child's own children inherit
//! the second and not the first, which is removed when the socket is taken; so only both together make a child.

use std::env;
use std::os::unix::process::parent_id;
use std::process::{self, Command};

use crate::server::ServerError;

const CHILD: &str = "UNBLOCK_CHILD";
const SOCKETS: &str = "LISTEN_FDS";

/// The descriptor at which the convention has the first socket.
pub(crate) const FIRST_SOCKET: i32 = 3;

/// Writes into the environment of a child's command who it is.
pub(crate) fn introduce(command: &mut Command, index: usize) {
    command
        .env(SOCKETS, "1")
        .env(CHILD, format!("{index}:{}", process::id()))
        // The child's process id cannot be known before it runs; without the variable the socket is for whoever
        // is started with it. What a service manager told this process about its own sockets is not for a child.
        .env_remove("LISTEN_PID")
        .env_remove("LISTEN_FDNAMES")
        .env_remove("LISTEN_FDS_FIRST_FD");
}

/// Which child this process is, if it is one. To be asked before the socket is taken.
pub(crate) fn index() -> Option<usize> {
    env::var_os(SOCKETS)?;
    introduction().map(|(index, _)| index)
}

/// Has the kernel send SIGTERM to this process, a child, when its parent dies.
///
/// The kernel ties the wish to the thread that makes it, so that thread must live as long as the server.
///
/// # Errors
///
/// The parent had died before.
pub(crate) fn die_with_parent() -> Result<(), ServerError> {
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM))
        .map_err(|error| ServerError::Start(error.into()))?;
    // It may have died before the kernel was told; then this process belongs to another by now.
    match introduction() {
        Some((_, parent)) if parent == parent_id() => Ok(()),
        _ => Err(ServerError::ParentGone),
    }
}

fn introduction() -> Option<(usize, u32)> {
    let text = env::var(CHILD).ok()?;
    let (index, parent) = text.split_once(':')?;
    Some((index.parse().ok()?, parent.parse().ok()?))
}
