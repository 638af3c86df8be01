//! A question mark needs a result, as in a plain function.

use unblock_runtime::unblock;

#[unblock]
fn parse(text: &str) -> u64 {
    text.parse()?
}

fn main() {}
