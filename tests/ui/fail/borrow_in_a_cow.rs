//! `Cow<'_, str>` is refused.

use std::borrow::Cow;

use unblock_runtime::unblock;

#[unblock]
fn length(text: Cow<'_, str>) -> usize {
    text.len()
}

fn main() {}
