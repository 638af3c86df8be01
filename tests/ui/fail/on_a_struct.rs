//! The attribute is not for types.

use unblock_runtime::unblock;

#[unblock]
struct Store;

fn main() {}
