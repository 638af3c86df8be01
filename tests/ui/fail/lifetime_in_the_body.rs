//! The body does not name the lifetime of an argument.

use unblock_runtime::unblock;

#[unblock]
fn length<'a>(text: &'a str) -> usize {
    let text: &'a str = text;
    text.len()
}

fn main() {}
