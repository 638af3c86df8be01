//! What the benches have in common: servers in processes of their own, and clients that take as little of the cores as they
//! can, because they share them with the server that they measure.

// Each bench is a program of its own, and needs some of it.
#![allow(dead_code)]

pub(crate) mod answer;
pub(crate) mod client;
pub(crate) mod closed;
mod connection;
pub(crate) mod figures;
pub(crate) mod open;
pub(crate) mod peers;
pub(crate) mod precise;
mod priority;
pub(crate) mod same_router;
pub(crate) mod server;
mod socket;
pub(crate) mod usage;
