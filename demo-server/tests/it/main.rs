//! The demo as its users meet it: a program with options, routes and signals.
#![cfg(target_os = "linux")]

// The client and the handle on a process are those of the workspace's tests; not all of them is
// needed here.
#[allow(dead_code)]
#[path = "../../../tests/it/client.rs"]
mod client;
#[allow(dead_code)]
#[path = "../../../tests/it/process.rs"]
mod process;

mod bad_input;
mod browser;
mod demo;
mod experiment;
mod metrics;
mod page;
mod signals;
mod startup;
mod surroundings;
