//! `&mut dyn Trait` becomes a box that can be sent.

use std::io::Read;

use unblock_runtime::unblock;

#[unblock]
fn read(from: &mut dyn Read) -> u64 {
    let _ = from;
    1
}

fn main() {}
