//! The attribute is not for constants.

use unblock_runtime::unblock;

#[unblock]
pub const ANSWER: u8 = 42;

fn main() {}
