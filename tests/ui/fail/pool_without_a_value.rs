//! The pool needs a value.

use unblock_runtime::unblock;

#[unblock(pool)]
fn function() {}

fn main() {}
