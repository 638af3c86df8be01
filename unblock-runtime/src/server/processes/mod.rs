//! Several processes that serve on one socket: a parent that starts children again as they die, and
//! the children.
//!
//! ```text
//! parent ──▶ children ──▶ child: the program again, which inherits the socket and serves
//!    │                   crate::restart_budget: how often, and after which pause, one is restarted
//!    └── passes SIGTERM and Ctrl-C on, and kills the children that do not end in time
//! ```

#[cfg(unix)]
pub(super) mod child;
#[cfg(unix)]
mod children;
#[cfg(unix)]
pub(super) mod parent;
