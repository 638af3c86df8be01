//! A call of itself that is not awaited is refused.

use unblock_runtime::unblock;

#[unblock]
fn walk(depth: u8) {
    if depth > 0 {
        walk(depth - 1);
    }
}

fn main() {}
