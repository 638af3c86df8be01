//! The path of the crate has no quotes.

use unblock_runtime::unblock;

#[unblock(crate = "unblock_runtime")]
fn function() {}

fn main() {}
