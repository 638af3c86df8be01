//! `Box<dyn Trait + '_>` is refused.

use std::fmt::Display;

use unblock_runtime::unblock;

#[unblock]
fn show(text: Box<dyn Display + '_>) -> String {
    text.to_string()
}

fn main() {}
