//! A function that nobody calls is reported.

#![deny(dead_code)]

use unblock_runtime::unblock;

#[unblock]
fn unused() {}

fn main() {}
