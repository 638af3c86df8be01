//! An `async fn` is refused, with both ways out.

use unblock_runtime::unblock;

#[unblock]
async fn find() {}

fn main() {}
