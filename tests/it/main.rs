//! The integration tests of the workspace, in one binary.

mod answers;
#[cfg(target_os = "linux")]
mod chaos;
mod client;
mod connections;
mod conservation;
mod deadlines;
mod event_loop;
mod experiment;
mod lifecycle;
mod limits;
mod macros;
mod pool;
#[cfg(target_os = "linux")]
mod priority;
#[cfg(target_os = "linux")]
mod process;
#[cfg(target_os = "linux")]
mod processes;
mod queue;
mod request_deadline;
mod server;
mod sizing;
#[cfg(target_os = "linux")]
mod slow_loris;
mod support;
mod traps;
