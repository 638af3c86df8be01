//! A call that can be refused says so in its type.

use unblock_runtime::unblock;

#[unblock(shed)]
fn nothing() {}

fn main() {}
