//! `impl Trait` has the bound `'static`.

use unblock_runtime::unblock;

#[unblock]
fn text(text: impl Into<String> + Send) -> String {
    text.into()
}

fn main() {}
