//! The path of the crate does not begin with `Self`.

use unblock_runtime::unblock;

#[unblock(crate = Self::b)]
fn function() {}

fn main() {}
