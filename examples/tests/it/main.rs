//! Starts each example, and asks it what a user would ask.

mod database;
mod http;
mod server;
mod tonic;
