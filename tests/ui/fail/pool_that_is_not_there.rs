//! The pool is in scope.

use unblock_runtime::unblock;

#[unblock(pool = DATABASE)]
fn find() {}

fn main() {}
