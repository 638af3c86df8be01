//! A copy of an argument can go to another thread.

use std::rc::Rc;

use unblock_runtime::unblock;

#[unblock]
fn length(shared: &Rc<Vec<u8>>) -> usize {
    shared.len()
}

fn main() {}
