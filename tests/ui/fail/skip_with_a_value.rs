//! `skip` has no value.

use unblock_runtime::unblock;

#[unblock(skip = true)]
fn function() {}

fn main() {}
