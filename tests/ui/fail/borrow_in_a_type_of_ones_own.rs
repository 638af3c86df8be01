//! A type with a lifetime is refused.

use unblock_runtime::unblock;

struct View<'a>(&'a [u8]);

#[unblock]
fn length<'a>(view: View<'a>) -> usize {
    view.0.len()
}

fn main() {}
