//! An `extern fn` is refused.

use unblock_runtime::unblock;

#[unblock]
extern "C" fn find() {}

fn main() {}
