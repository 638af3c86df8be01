//! A child's side of several processes on one socket: how it knows that it is a child, and how it
//! ends with its parent.
//!
//! A parent tells a child by the environment: `LISTEN_FDS=1`, which is systemd's convention for a
//! socket at descriptor 3, and `UNBLOCK_CHILD=<index>:<process id of the parent>`. A child's own
//! children inherit the second variable and not the first, which is removed when the socket is
//! taken. Therefore only a process that has both is a child.

use std::env;
use std::os::unix::process::parent_id;
use std::process::{self, Command};

use crate::server::error::ServerError;

const CHILD: &str = "UNBLOCK_CHILD";
const SOCKETS: &str = "LISTEN_FDS";

/// The descriptor of the first socket, by the convention of systemd.
pub(super) const FIRST_SOCKET: i32 = 3;

/// Sets the variables by which a process that `command` starts knows that it is a child.
pub(super) fn introduce(command: &mut Command, index: usize) {
    command
        .env(SOCKETS, "1")
        .env(CHILD, format!("{index}:{}", process::id()))
        // `LISTEN_PID` would have to be the child's process id, which nobody knows before it runs.
        // Without the variable the socket is for the process that is started. The other variables
        // are about sockets that a service manager passed to this process.
        .env_remove("LISTEN_PID")
        .env_remove("LISTEN_FDNAMES")
        .env_remove("LISTEN_FDS_FIRST_FD");
}

/// Returns the number of this child, if this process is one. Must be called before the socket is
/// taken.
pub(crate) fn index() -> Option<usize> {
    env::var_os(SOCKETS)?;
    introduction().map(|(index, _)| index)
}

/// Makes the kernel send SIGTERM to this process, a child, when its parent dies.
///
/// The kernel ties this to the calling thread, which must therefore live as long as the server.
///
/// # Errors
///
/// The parent has died already.
pub(crate) fn die_with_parent() -> Result<(), ServerError> {
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM))
        .map_err(|error| ServerError::Start(error.into()))?;
    // A parent that died before the kernel was told is replaced by another process.
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
