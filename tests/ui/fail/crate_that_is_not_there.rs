//! A wrong path of the crate is reported there, and nowhere else.

use unblock_runtime::unblock;

#[unblock(crate = library::runtime)]
fn function() {}

fn main() {}
