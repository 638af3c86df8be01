//! A type parameter has the bound `'static`.

use unblock_runtime::unblock;

#[unblock]
fn text<T: Into<String> + Send>(text: T) -> String {
    text.into()
}

fn main() {}
