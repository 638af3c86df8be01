//! The concurrency is at least one.

use unblock_runtime::unblock;

#[unblock(concurrency = 0)]
fn function() {}

fn main() {}
