//! An unknown option gets the list of all.

use unblock_runtime::unblock;

#[unblock(priority = 3)]
fn function() {}

fn main() {}
