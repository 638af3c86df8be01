//! A call that nobody awaits is reported.

#![deny(unused_must_use)]

use unblock_runtime::unblock;

#[unblock]
fn find() {}

pub async fn caller() {
    find();
}

fn main() {}
