//! A call that can fail says so in its type.

use unblock_runtime::unblock;

#[unblock(timeout = "2s")]
fn number() -> u64 {
    1
}

fn main() {}
