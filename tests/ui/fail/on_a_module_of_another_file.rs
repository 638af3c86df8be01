//! The attribute is for a `mod` with its braces.

use unblock_runtime::unblock;

#[unblock]
extern crate std as other;

fn main() {}
