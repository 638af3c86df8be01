//! The concurrency is a number.

use unblock_runtime::unblock;

#[unblock(concurrency = "4")]
fn function() {}

fn main() {}
