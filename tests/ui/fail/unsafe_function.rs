//! An `unsafe fn` is refused.

use unblock_runtime::unblock;

#[unblock]
unsafe fn find() {}

fn main() {}
