//! The integration tests of the workspace, in one binary.

mod abort_handle;
mod access_log;
mod adapters;
mod axum_serve;
#[cfg(target_os = "linux")]
mod chaos;
mod client;
mod concurrency;
mod connections;
mod dashboard;
mod deadlines;
mod demo_modes;
mod error_responses;
mod event_loop;
#[cfg(unix)]
mod fork;
mod frames;
mod function_stats;
mod http1;
mod http1_table;
mod http2;
mod http2_table;
mod job_builder;
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
mod regressions;
mod request_deadline;
mod resize;
mod scopes;
mod server;
mod sizing;
#[cfg(target_os = "linux")]
mod slow_loris;
mod spans;
mod stats_invariant;
mod streams;
mod submission_set;
mod support;
mod surroundings;
mod test_util;
mod upgrades;
mod watchdog;
