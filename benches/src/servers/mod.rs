//! The servers that benches compare.

pub mod annotated;
pub mod peers;
pub mod refusing;
pub mod same_router;
pub mod work;

mod demo;
mod process;

pub use process::{Contender, Program, Server, announce};
