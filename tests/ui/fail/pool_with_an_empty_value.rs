//! The pool needs a value behind the equals sign.

use unblock_runtime::unblock;

#[unblock(pool = )]
fn function() {}

fn main() {}
