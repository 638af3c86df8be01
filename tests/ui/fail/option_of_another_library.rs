//! An option is found by the word of another library.

use unblock_runtime::unblock;

#[unblock(executor = POOL)]
fn function() {}

fn main() {}
