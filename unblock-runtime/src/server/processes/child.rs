//! A child's side of several processes on one socket: how it ends with its parent.

use std::os::unix::process::parent_id;

use crate::server::accept::inherited;
use crate::server::error::ServerError;

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
    match inherited::introduction() {
        Some(child) if child.parent == parent_id() => Ok(()),
        _ => Err(ServerError::ParentGone),
    }
}
