//! `Option<&str>` is refused.

use unblock_runtime::unblock;

#[unblock]
fn length(name: Option<&str>) -> usize {
    name.map_or(0, str::len)
}

fn main() {}
