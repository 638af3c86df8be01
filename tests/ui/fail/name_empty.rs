//! A name is not empty.

use unblock_runtime::unblock;

#[unblock(name = "")]
fn function() {}

fn main() {}
