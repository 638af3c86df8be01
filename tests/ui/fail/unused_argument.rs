//! An argument that the body does not use is reported.

#![deny(unused_variables)]

use unblock_runtime::unblock;

#[unblock]
pub fn find(id: u64) {}

fn main() {}
