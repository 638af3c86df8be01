//! The parts that benches share: servers, load, options and tables.
//!
//! A bench of servers lists its contenders, reads its [`Options`], measures each contender
//! [in turn](in_turn), and prints tables of medians. Each server is a process of its own
//! ([`servers`]); the [`load`] generator is one thread for any number of clients, because it takes
//! its time from the cores that the servers are to have.
//!
//! The benches of the pool need no server, and [take turns](take_turns) too. All print
//! [a heading](print_heading) with the command, the machine and the date.

pub mod charts;
pub mod figures;
pub mod load;
pub mod servers;
pub mod usage;

mod cores;
mod heading;
mod light;
mod options;
mod progress;
mod rounds;

pub use cores::Cores;
pub use heading::print_heading;
pub use light::{Beside, LIGHT, LIGHT_RATE};
pub use options::Options;
pub use rounds::{Row, in_turn, take_turns};
