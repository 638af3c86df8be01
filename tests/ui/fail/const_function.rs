//! A `const fn` is refused.

use unblock_runtime::unblock;

#[unblock]
const fn find() {}

fn main() {}
