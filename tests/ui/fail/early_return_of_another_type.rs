//! A mismatch of `return` is shown in the body.

use unblock_runtime::unblock;

#[unblock]
fn early(n: u64) -> u64 {
    if n > 1 {
        return "more";
    }
    n
}

fn main() {}
