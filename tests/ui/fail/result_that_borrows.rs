//! A result borrows nothing.

use unblock_runtime::unblock;

#[unblock]
fn first(words: &str) -> &str {
    words
}

fn main() {}
