//! Several processes on one socket.

#[cfg(unix)]
pub(crate) mod child;
#[cfg(unix)]
mod children;
#[cfg(unix)]
pub(crate) mod parent;
pub(crate) mod restart_budget;
