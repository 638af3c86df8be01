//! A dropped result in the body is reported.

#![deny(unused_must_use)]

use unblock_runtime::unblock;

#[unblock]
pub fn find() {
    std::fs::read("x");
}

fn main() {}
