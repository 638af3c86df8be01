//! `&mut [T]` is refused.

use unblock_runtime::unblock;

#[unblock]
fn fill(buffer: &mut [u8]) -> usize {
    buffer.len()
}

fn main() {}
