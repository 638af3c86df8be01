//! An option has a name.

use unblock_runtime::unblock;

#[unblock("db")]
fn function() {}

fn main() {}
