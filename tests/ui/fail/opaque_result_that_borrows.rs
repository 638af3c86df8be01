//! `impl Trait + '_` is refused as a result.

use unblock_runtime::unblock;

#[unblock]
fn letters(words: &str) -> impl Iterator<Item = char> + '_ {
    words.chars()
}

fn main() {}
