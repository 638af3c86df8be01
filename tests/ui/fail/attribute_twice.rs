//! The attribute is given once.

use unblock_runtime::unblock;

#[unblock(detach)]
#[unblock(name = "b")]
fn find() {}

fn main() {}
