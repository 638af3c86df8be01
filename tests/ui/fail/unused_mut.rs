//! An argument that is needlessly `mut` is reported.

#![deny(unused_mut)]

use unblock_runtime::unblock;

#[unblock]
pub fn find(mut id: u64) -> u64 {
    id
}

fn main() {}
