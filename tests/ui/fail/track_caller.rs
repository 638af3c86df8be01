//! `#[track_caller]` is refused, because it would do nothing.

use unblock_runtime::unblock;

#[unblock]
#[track_caller]
fn find() {}

fn main() {}
