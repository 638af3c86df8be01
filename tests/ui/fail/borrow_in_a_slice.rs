//! `&[&str]` is refused.

use unblock_runtime::unblock;

#[unblock]
fn length(names: &[&str]) -> usize {
    names.len()
}

fn main() {}
