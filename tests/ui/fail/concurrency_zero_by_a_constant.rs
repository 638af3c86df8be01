//! A constant concurrency is at least one, too.

use unblock_runtime::unblock;

const NONE: u32 = 0;

#[unblock(concurrency = NONE)]
fn function() {}

fn main() {
    let _ = function();
}
