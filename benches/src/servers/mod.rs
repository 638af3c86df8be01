//! The servers that benches compare.

pub mod peers;
pub mod same_router;

mod demo;
mod process;

pub use process::{Contender, Program, Server, announce};
