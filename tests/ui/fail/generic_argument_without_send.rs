//! A type parameter has the bound `Send`.

use unblock_runtime::unblock;

#[unblock]
fn text<T: Into<String>>(text: T) -> String {
    text.into()
}

fn main() {}
