//! Several processes that serve on one socket: a parent that starts children again as they die, and
//! the children.
//!
//! ```text
//! parent ──▶ children ──▶ child: the program again, which inherits the socket and serves
//!    │          └───────▶ restart_budget: how often, and after which pause, a child is restarted
//!    └── passes SIGTERM and Ctrl-C on, and kills the children that do not end in time
//! ```

#[cfg(unix)]
pub(super) mod child;
#[cfg(unix)]
mod children;
#[cfg(unix)]
pub(super) mod parent;
pub(super) mod restart_budget;
