//! `(&str, u8)` is refused.

use unblock_runtime::unblock;

#[unblock]
fn length((name, _): (&str, u8)) -> usize {
    name.len()
}

fn main() {}
