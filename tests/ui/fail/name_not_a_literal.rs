//! A name is a literal.

use unblock_runtime::unblock;

#[unblock(name = NAME)]
fn function() {}

fn main() {}
