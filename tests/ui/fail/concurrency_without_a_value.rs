//! The concurrency needs a value.

use unblock_runtime::unblock;

#[unblock(concurrency)]
fn function() {}

fn main() {}
