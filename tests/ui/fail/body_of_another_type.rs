//! A mismatch is shown in the body.

use unblock_runtime::unblock;

#[unblock]
fn text(text: &str) -> u64 {
    text
}

fn main() {}
