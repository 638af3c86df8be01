//! A result has no `Cow` that borrows.

use std::borrow::Cow;

use unblock_runtime::unblock;

#[unblock]
fn first<'a>(words: &'a str) -> Option<Cow<'a, str>> {
    Some(Cow::Borrowed(words))
}

fn main() {}
