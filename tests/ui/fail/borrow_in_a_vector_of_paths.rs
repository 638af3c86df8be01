//! `Vec<&Path>` is refused.

use std::path::Path;

use unblock_runtime::unblock;

#[unblock]
fn length(names: Vec<&Path>) -> usize {
    names.len()
}

fn main() {}
