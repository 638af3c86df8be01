//! `impl Trait + '_` is refused.

use std::fmt::Display;

use unblock_runtime::unblock;

#[unblock]
fn show(text: impl Display + '_) -> String {
    text.to_string()
}

fn main() {}
