//! The concurrency is not negative.

use unblock_runtime::unblock;

#[unblock(concurrency = -1)]
fn function() {}

fn main() {}
