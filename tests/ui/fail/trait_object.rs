//! `&dyn Trait` becomes a box or an `Arc`.

use std::fmt::Display;

use unblock_runtime::unblock;

#[unblock]
fn show(value: &dyn Display) -> String {
    value.to_string()
}

fn main() {}
